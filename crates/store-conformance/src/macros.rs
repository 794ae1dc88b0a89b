//! The list of behaviors, and two shorthands for transactions.

/// Makes one test of each behavior. The argument is an expression that makes a
/// [`StoreFactory`](crate::StoreFactory); it is evaluated for each test.
#[macro_export]
macro_rules! conformance_tests {
    ($factory:expr) => {
        $crate::conformance_tests! { @group $factory, organizations, [
            finds_an_organization_with_every_attribute,
            an_unknown_organization_is_none,
            saving_an_organization_again_replaces_it,
            lists_organizations_by_number,
            finds_a_prefix_with_every_attribute,
            saving_a_prefix_again_replaces_it,
            lists_prefixes_by_name_and_owner,
        ] }
        $crate::conformance_tests! { @group $factory, scopes, [
            finds_a_scope_with_every_attribute,
            keeps_each_flag_of_a_scope_apart,
            keeps_every_word_of_a_scope,
            saving_a_scope_again_replaces_it,
            lists_scopes_by_name_and_owner,
            lists_scopes_a_page_at_a_time,
            finds_access_in_every_state,
            saving_access_again_replaces_it,
            lists_access_by_scope_and_consumer,
            access_without_a_scope_is_refused,
        ] }
        $crate::conformance_tests! { @group $factory, clients, [
            finds_a_client_with_every_attribute,
            finds_a_client_with_every_default,
            keeps_every_word_of_a_client,
            saving_a_client_again_replaces_it,
            keeps_the_order_of_a_clients_scopes,
            lists_clients_by_creation_and_organization,
            lists_on_behalf_of_by_creation,
            saving_on_behalf_of_again_replaces_it,
        ] }
        $crate::conformance_tests! { @group $factory, keys, [
            finds_keys_with_every_attribute_in_order,
            replaced_keys_stay_readable,
            removing_every_key_leaves_them_readable,
            tells_which_keys_end_when,
            a_key_may_come_back,
            keys_belong_to_one_client,
            keys_without_a_client_are_refused,
        ] }
        $crate::conformance_tests! { @group $factory, secrets, [
            finds_secrets_with_every_attribute_in_order,
            a_client_without_secrets_has_none,
            saving_secrets_again_replaces_them_and_keeps_nothing,
            secrets_belong_to_one_client,
            secrets_without_a_client_are_refused,
            a_client_record_has_the_secrets,
            a_dropped_rotation_leaves_the_old_secret,
        ] }
        $crate::conformance_tests! { @group $factory, keyed_requests, [
            finds_a_request_with_every_attribute,
            a_key_is_one_organizations,
            a_key_in_use_is_refused_and_forbids_the_commit,
            a_key_that_has_expired_is_used_again,
            a_remembered_request_is_no_revision,
            removing_forgets_what_has_expired_alone,
            of_many_writers_under_one_key_one_makes_something,
        ] }
        $crate::conformance_tests! { @group $factory, delegations, [
            lists_sources_by_name,
            lists_delegations_in_order_with_every_attribute,
            saving_a_delegation_again_replaces_it,
            a_delegation_counts_for_its_four_parts_only,
            a_delegation_holds_from_its_first_to_before_its_last_instant,
            a_withdrawn_delegation_counts_for_nothing,
        ] }
        $crate::conformance_tests! { @group $factory, parties, [
            lists_system_users_by_id,
            finds_a_system_user_by_reference,
            without_a_reference_the_owners_number_counts,
            a_removed_system_user_counts_for_nothing,
            lists_consents_by_id,
            finds_an_active_consent,
            lists_people_by_number,
            finds_a_match_by_identifier,
            saving_parties_again_replaces_them,
        ] }
        $crate::conformance_tests! { @group $factory, signing_keys, [
            lists_signing_keys_by_creation_and_surface,
            keeps_every_algorithm_and_state,
            saving_a_signing_key_again_replaces_it,
        ] }
        $crate::conformance_tests! { @group $factory, audit, [
            an_empty_log_has_no_last_link,
            finds_an_entry_with_every_attribute,
            lists_entries_by_number_a_page_at_a_time,
            lists_the_latest_entries_by_number,
            lists_entries_by_organization_object_and_request,
            an_entry_that_does_not_follow_is_refused,
            a_refused_entry_forbids_the_commit,
            an_entry_and_the_change_that_it_tells_are_one_transaction,
            an_entry_by_itself_is_kept_and_is_no_revision,
            a_reader_appends_nothing,
            recorded_writers_keep_one_chain,
        ] }
        $crate::conformance_tests! { @group $factory, refusals, [
            finds_a_refusal_with_every_attribute,
            the_first_refusal_of_a_request_stays,
            forgets_what_is_before_an_instant,
            remembering_is_no_revision,
            a_dropped_transaction_remembers_nothing,
            a_reader_remembers_and_forgets_nothing,
        ] }
        $crate::conformance_tests! { @group $factory, facts, [
            a_client_record_has_the_client_and_its_present_keys,
            an_unknown_client_has_no_record,
            a_client_record_says_that_an_organization_is_deactivated,
            scope_facts_come_in_the_order_asked,
            scope_facts_tell_the_states_of_access_apart,
            scope_facts_say_that_the_owner_is_deactivated,
            scope_facts_show_a_deactivated_scope,
            two_hundred_scopes_are_answered,
            only_a_recorded_organization_is_deactivated,
            prefixes_of_an_organization_are_its_active_ones,
            finds_an_active_on_behalf_of_registration,
        ] }
        $crate::conformance_tests! { @group $factory, gathered, [
            clients_are_read_together_in_the_order_asked,
            a_read_of_clients_says_whose_organization_is_deactivated,
            a_read_of_clients_has_the_secrets_of_those_who_use_them,
            states_of_access_are_read_together_in_the_order_asked,
            a_read_is_of_the_revision_that_it_names,
            hundreds_are_read_together,
        ] }
        $crate::conformance_tests! { @group $factory, transactions, [
            a_dropped_transaction_leaves_nothing,
            a_commit_is_visible_at_once,
            a_commit_survives_reopening,
            a_transaction_sees_its_own_changes,
            others_see_nothing_before_the_commit,
            a_reader_keeps_the_state_that_it_began_with,
            writers_take_turns,
            a_commit_with_changes_is_one_revision,
            reading_and_empty_commits_are_no_revision,
            a_dropped_transaction_is_no_revision,
            a_reader_refuses_every_save,
            a_failed_save_forbids_the_commit,
            a_fresh_store_is_ready_and_at_its_first_revision,
            two_stores_see_each_others_commits,
        ] }
        $crate::conformance_tests! { @group $factory, change_feed, [
            a_fresh_feed_is_complete_and_empty,
            the_feed_names_every_record_in_order,
            the_feed_tells_what_came_after_a_revision,
            a_long_feed_comes_in_whole_revisions,
            a_revision_of_too_many_records_is_a_gap,
            what_was_trimmed_is_a_gap,
            trimming_keeps_what_it_is_told_to,
            a_revision_that_never_was_is_a_gap,
            what_was_undone_is_not_in_the_feed,
            the_feed_tells_of_other_stores_at_once,
            a_reader_says_what_revision_it_read,
        ] }
        $crate::conformance_tests! { @group $factory, abandoned, [
            an_abandoned_transaction_happens_whole_or_not,
            an_abandoned_save_is_never_committed_in_part,
            an_abandoned_grant_is_accepted_at_most_once,
        ] }
        $crate::conformance_tests! { @group $factory, ledger, [
            a_grant_is_fresh_once,
            grants_differ_in_every_bit,
            asking_does_not_consume,
            of_many_at_once_one_is_fresh,
            different_grants_at_once_are_all_fresh,
            two_stores_accept_a_grant_once,
            two_stores_accept_a_grant_once_while_one_removes,
            a_used_grant_survives_reopening,
            removing_keeps_what_has_not_expired,
            removing_takes_every_expired_record,
            the_first_keep_until_counts,
            a_transaction_and_the_ledger_take_turns,
        ] }
        $crate::conformance_tests! { @group $factory, races, [
            each_grant_is_accepted_by_one_node,
            removing_lets_no_grant_in_again,
            each_revision_is_given_once,
            one_of_several_key_sets_is_left,
            each_place_in_the_audit_log_is_taken_once,
        ] }
        $crate::conformance_tests! { @group $factory, usage, [
            finds_how_a_scope_was_used,
            usage_is_found_by_day,
            adding_again_sums_and_keeps_the_last_use,
            lists_what_a_client_used,
            lists_what_an_organizations_clients_used,
            additions_at_once_all_count,
            counting_is_no_change_of_the_registry,
            old_usage_is_dropped,
        ] }
        $crate::conformance_tests! { @group $factory, texts, [
            hostile_texts_come_back_as_they_were,
            hostile_texts_find_exactly_themselves,
            hostile_tokens_find_no_scope,
            a_zero_byte_finds_nothing_or_itself,
        ] }
    };
    (@group $factory:expr, $group:ident, [$($behavior:ident),+ $(,)?]) => {
        mod $group {
            #[allow(unused_imports, reason = "the factory may need no name from outside")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $behavior() -> $crate::Outcome {
                    let factory = $factory;
                    $crate::$group::$behavior(&factory).await
                }
            )+
        }
    };
}

/// Makes one test of each behavior around a crash. The argument is an expression that makes a
/// [`CrashingFactory`](crate::crash::CrashingFactory); it is evaluated for each test.
#[macro_export]
macro_rules! crash_tests {
    ($factory:expr) => {
        $crate::conformance_tests! { @group $factory, crash, [
            acknowledged_units_survive_and_others_are_whole,
            an_accepted_grant_stays_used,
        ] }
    };
}

/// Makes one test of each behavior of logins. The argument is an expression that makes a
/// [`LoginFactory`](crate::login::LoginFactory); it is evaluated for each test.
#[macro_export]
macro_rules! login_tests {
    ($factory:expr) => {
        $crate::login_tests! { @group $factory, requests, [
            finds_a_pushed_request_with_every_attribute,
            a_browser_starts_a_pushed_request,
            the_same_browser_resumes_its_login,
            counts_what_was_begun,
            nobody_else_starts_a_pushed_request,
            a_pushed_request_is_consumed_once,
            finds_a_transaction_with_every_attribute,
            a_transaction_advances_from_its_version,
            a_transaction_ends_once,
            a_parked_logout_is_taken_once,
        ] }
        $crate::login_tests! { @group $factory, sessions, [
            finds_a_session_with_every_attribute,
            a_former_cookie_finds_nothing,
            a_session_is_saved_from_its_version,
            ending_a_session_gives_it_once,
            ending_a_session_revokes_what_is_only_a_login,
            nothing_is_issued_for_a_login_that_was_ended,
        ] }
        $crate::login_tests! { @group $factory, authorizations, [
            finds_an_authorization_with_every_attribute,
            an_authorization_ends_its_login,
            a_late_authorization_keeps_nothing,
            an_authorization_without_a_page_uses_its_pushed_request,
            what_does_not_belong_together_is_refused,
            a_revocation_ends_everything,
            only_what_is_live_is_revoked,
            lists_a_persons_authorizations,
        ] }
        $crate::login_tests! { @group $factory, codes, [
            a_code_is_redeemed_with_every_attribute,
            a_code_is_for_one_client_and_a_time,
            showing_a_code_again_revokes_its_authorization,
            nothing_is_issued_for_a_code_that_was_shown_again,
            a_used_code_survives_reopening,
        ] }
        $crate::login_tests! { @group $factory, tokens, [
            finds_a_token_that_carries_its_claims,
            finds_an_opaque_token_by_what_is_shown,
            no_token_outlives_its_authorization,
            nothing_is_issued_without_an_authorization,
            each_second_has_one_id_token,
            what_is_issued_is_issued_once,
            lists_revoked_tokens,
            kinds_of_handles_are_kept_apart,
        ] }
        $crate::login_tests! { @group $factory, refresh, [
            finds_a_refresh_token_with_every_attribute,
            a_token_is_replaced_in_turn,
            showing_a_replaced_token_revokes_the_family,
            a_token_is_for_one_client_and_a_time,
            another_client_revokes_nothing,
            within_the_grace_a_token_is_repeated,
            the_grace_is_for_the_same_unused_successor,
            a_reusable_token_stays_and_slides,
            a_replaced_token_is_not_reused,
            a_refresh_within_a_second_has_no_id_token,
        ] }
        $crate::login_tests! { @group $factory, people, [
            makes_a_person_with_every_attribute,
            kinds_of_identities_are_kept_apart,
            a_person_may_have_been_another,
            blocking_a_person_ends_everything,
            a_blocked_person_does_not_log_in,
            a_session_is_somebodys,
            lists_a_persons_history,
            lists_the_levels_that_a_person_used,
            the_first_secret_stays,
            a_secret_is_sealed_anew,
        ] }
        $crate::login_tests! { @group $factory, contacts, [
            finds_the_records_of_many_people,
            people_come_with_their_records,
            a_language_is_chosen,
            a_language_is_chosen_at_once,
        ] }
        $crate::login_tests! { @group $factory, removal, [
            removes_what_has_expired,
            keeps_what_has_not_expired,
            what_was_used_is_remembered,
            a_server_removes_all_that_has_expired,
            removing_changes_no_answer,
        ] }
        $crate::login_tests! { @group $factory, endings, [
            after_a_revocation_nothing_lives,
            logging_out_leaves_no_login,
            each_session_is_ended_once,
            blocking_leaves_nothing,
        ] }
        $crate::login_tests! { @group $factory, races, [
            each_code_is_redeemed_once,
            each_refresh_token_is_replaced_once,
            a_family_has_one_live_member,
            a_second_has_one_id_token,
            each_pushed_request_is_started_by_one_browser,
            a_browser_that_reloads_has_one_login,
            each_transaction_is_ended_once,
            each_version_advances_once,
            no_version_of_a_session_is_lost,
            a_person_is_made_once,
            a_secret_is_made_once,
        ] }
    };
    (@group $factory:expr, $group:ident, [$($behavior:ident),+ $(,)?]) => {
        mod $group {
            #[allow(unused_imports, reason = "the factory may need no name from outside")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $behavior() -> $crate::Outcome {
                    let factory = $factory;
                    $crate::login::$group::$behavior(&factory).await
                }
            )+
        }
    };
}

/// Makes one test of each behavior of logins around a crash. The argument is an expression that makes
/// a [`CrashingFactory`](crate::crash::CrashingFactory) whose store keeps logins; it is evaluated for
/// each test.
#[macro_export]
macro_rules! login_crash_tests {
    ($factory:expr) => {
        $crate::login_tests! { @group $factory, crash, [
            what_was_used_stays_used,
            what_was_ended_stays_ended,
        ] }
    };
}

/// Saves in one transaction and gives the revision of its commit.
macro_rules! commit {
    ($store:expr, $($save:ident($($argument:expr),*)),+ $(,)?) => {{
        let mut unit = $store.begin().await?;
        $(unit.$save($($argument),*).await?;)+
        unit.commit().await?
    }};
}

/// Reads once, in a transaction of its own.
macro_rules! read {
    ($store:expr, $read:ident($($argument:expr),*)) => {{
        let mut unit = $store.read().await?;
        unit.$read($($argument),*).await?
    }};
}

pub(crate) use {commit, read};
