//! Which trace a request belongs to, as whoever forwards it says (W3C Trace Context).

use std::fmt;

use http::{HeaderMap, HeaderName};
use tracing::Span;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-`, 32 digits, `-`, 16 digits, `-` and 2 digits.
const TRACEPARENT_LENGTH: usize = 55;
const SAMPLED: u8 = 1;

/// The least that everybody must pass on, and the most that is passed on here.
const MAX_STATE_CHARACTERS: usize = 512;
const MAX_STATE_MEMBERS: usize = 32;
const MAX_STATE_KEY: usize = 256;
const MAX_STATE_VALUE: usize = 256;

/// The attribute of a request's span that says which kind of refusal or fault its answer was.
pub const ERROR_TYPE: &str = "error.type";

/// Tells the span of the present request which kind of refusal or fault it is answered with. Where the
/// request is not traced, nobody hears it.
pub fn tell_error_type(kind: &'static str) {
    Span::current().record(ERROR_TYPE, kind);
}

/// Names a trace, as 32 lower-case hex digits. Handlers find it in the extensions of a request that
/// is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The place in somebody's trace that a request continues. Anybody can write one: it is to be asked for
/// only where the peer is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The caller's span.
    pub parent_id: u64,
    /// Whether the caller keeps the trace.
    pub sampled: bool,
    /// What tracing systems on the way noted, within 512 characters; none where it is malformed.
    pub state: Option<String>,
}

impl TraceContext {
    /// What the headers say; none where they say nothing, or nothing that is well formed.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(TRACEPARENT).iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return None;
        };
        let context = traceparent(line.as_bytes())?;
        Some(Self {
            state: tracestate(headers),
            ..context
        })
    }
}

/// Section 3.2. Of later versions the beginning is read, as section 4 asks for.
fn traceparent(line: &[u8]) -> Option<TraceContext> {
    let (known, rest) = line.split_at_checked(TRACEPARENT_LENGTH)?;
    let mut parts = known.split(|byte| *byte == b'-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = hex(parts.next()?, 32)?;
    let parent_id = u64::try_from(hex(parts.next()?, 16)?).ok()?;
    let flags = u8::try_from(hex(parts.next()?, 2)?).ok()?;
    let is_whole = match version {
        0 => rest.is_empty(),
        0xff => false,
        _ => rest.first().is_none_or(|byte| *byte == b'-'),
    };
    let is_valid = is_whole && parts.next().is_none() && trace_id != 0 && parent_id != 0;
    is_valid.then_some(TraceContext {
        trace_id: TraceId(trace_id),
        parent_id,
        sampled: flags & SAMPLED != 0,
        state: None,
    })
}

/// So many lower-case hex digits, and nothing else.
fn hex(digits: &[u8], length: usize) -> Option<u128> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != length || !digits.iter().all(is_hex) {
        return None;
    }
    u128::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Section 3.3: all lines in one, if every member of it is well formed.
fn tracestate(headers: &HeaderMap) -> Option<String> {
    let mut state = String::new();
    let lines = headers.get_all(TRACESTATE);
    let members = lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    for (count, member) in members.enumerate() {
        // Only printable characters and tabs come so far as text.
        let member = std::str::from_utf8(member).ok()?.trim_matches([' ', '\t']);
        if count >= MAX_STATE_MEMBERS || state.len() + member.len() >= MAX_STATE_CHARACTERS {
            return None;
        }
        if member.is_empty() {
            continue;
        }
        if !is_state_member(member) {
            return None;
        }
        if !state.is_empty() {
            state.push(',');
        }
        state.push_str(member);
    }
    (!state.is_empty()).then_some(state)
}

fn is_state_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else {
        return false;
    };
    let is_key =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let begins = key.bytes().next();
    begins.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && key.len() <= MAX_STATE_KEY
        && key.bytes().all(is_key)
        && (1..=MAX_STATE_VALUE).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(lines: &[(HeaderName, &str)]) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(name, line.parse().unwrap());
        }
        TraceContext::of(&headers)
    }

    fn state(lines: &[&str]) -> Option<String> {
        let mut headers = vec![(TRACEPARENT, PARENT)];
        headers.extend(lines.iter().map(|line| (TRACESTATE, *line)));
        of(&headers).unwrap().state
    }

    #[test]
    fn a_well_formed_parent_is_read() {
        let context = of(&[(TRACEPARENT, PARENT)]).unwrap();
        let trace_id = context.trace_id.to_string();
        assert_eq!(trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.parent_id, 0x00f0_67aa_0ba9_02b7);
        assert!(context.sampled && context.state.is_none());
        let unsampled = PARENT.replace("-01", "-02");
        assert!(!of(&[(TRACEPARENT, &unsampled)]).unwrap().sampled);
        // A later version may say more behind what is known of it.
        let later = PARENT.replace("00-4", "cc-4");
        for line in [later.clone(), format!("{later}-what-the-future-has")] {
            assert_eq!(of(&[(TRACEPARENT, &line)]), Some(context.clone()), "{line}");
        }
    }

    #[test]
    fn whatever_is_malformed_is_no_parent() {
        for line in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e47-3600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7--01",
        ] {
            assert_eq!(of(&[(TRACEPARENT, line)]), None, "{line}");
        }
        assert_eq!(of(&[]), None);
        let twice = [(TRACEPARENT, PARENT), (TRACEPARENT, PARENT)];
        assert_eq!(of(&twice), None);
    }

    /// Every byte in the place of every other one: what is read is what was written.
    #[test]
    fn a_parent_means_one_thing_or_nothing() {
        let mut read = 0;
        for place in 0..PARENT.len() {
            for byte in 0..=u8::MAX {
                let mut line = PARENT.as_bytes().to_vec();
                line[place] = byte;
                let Ok(value) = HeaderValue::from_bytes(&line) else {
                    continue;
                };
                let headers = HeaderMap::from_iter([(TRACEPARENT, value)]);
                let Some(context) = TraceContext::of(&headers) else {
                    continue;
                };
                let flags = &line[53..];
                let sampled = u8::from_str_radix(std::str::from_utf8(flags).unwrap(), 16).unwrap();
                assert_eq!(context.sampled, sampled & 1 == 1);
                let ids = format!("{}-{:016x}", context.trace_id, context.parent_id);
                assert_eq!(ids.as_bytes(), &line[3..52]);
                read += 1;
            }
        }
        // Sixteen digits in each of 52 places, and a dash in each of three.
        assert_eq!(read, 52 * 16 + 3);
    }

    #[test]
    fn a_state_is_kept_if_all_of_it_is_well_formed_and_short() {
        assert_eq!(state(&["a=1, b=2", "c@d=3"]).unwrap(), "a=1,b=2,c@d=3");
        assert_eq!(state(&["a=1,,"]).unwrap(), "a=1");
        let most = format!("a={}", "x".repeat(256));
        assert!(state(&[&most]).is_some());
        let many = vec!["a=1"; 33].join(",");
        let long = [most.as_str(); 2].join(",");
        let wide = format!("a={}", "x".repeat(257));
        for line in [
            "", "a", "a=", "=1", "A=1", "a=1=2", "a=æ", "-a=1", "a b=1", &many, &long, &wide,
        ] {
            assert_eq!(state(&[line]), None, "{line}");
        }
        assert_eq!(of(&[(TRACESTATE, "a=1")]), None, "a state without a parent");
    }
}
