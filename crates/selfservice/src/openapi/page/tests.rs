use std::collections::BTreeSet;

use serde_json::json;

use super::*;

fn document() -> Value {
    serde_json::to_value(super::super::document()).unwrap()
}

/// Names of elements in the order of their tags, `/name` for the end of one.
fn tags(html: &str) -> Vec<&str> {
    let tags = html.split('<').skip(2).map(|part| {
        let (tag, _) = part.split_once('>').expect("every tag ends");
        tag.split(' ').next().unwrap()
    });
    tags.collect()
}

/// The values of an attribute.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let begin = format!(" {attribute}=\"");
    let values = html.split(begin.as_str()).skip(1);
    values.map(|part| part.split('"').next().unwrap()).collect()
}

#[test]
fn every_element_ends_where_it_should() {
    let html = text(&document());
    let mut open = Vec::new();
    for tag in tags(&html) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag == "meta" => {}
            None => open.push(tag),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn links_lead_somewhere_and_names_are_given_once() {
    let html = text(&document());
    let ids = values(&html, "id");
    let known: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), known.len());
    for address in values(&html, "href") {
        match address.strip_prefix('#') {
            Some(id) => assert!(known.contains(id), "{address}"),
            None => assert_eq!(address, "/api/v1/openapi.json"),
        }
    }
    for label in values(&html, "aria-labelledby") {
        assert!(known.contains(label), "{label}");
    }
}

#[test]
fn every_operation_and_every_member_is_on_the_page() {
    let document = document();
    let html = text(&document);
    let articles: Vec<_> = html.split("<article").skip(1).collect();
    let operations = operation::all(&document);
    let described = document["paths"].as_object().unwrap().values();
    let described: usize = described.map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!((operations.len(), articles.len()), (described, described));
    for operation in &operations {
        let id = operation.value["operationId"].as_str().unwrap();
        let label = format!(" aria-labelledby=\"{id}\"");
        let article = articles.iter().find(|text| text.starts_with(&label));
        let article = article.expect(id);
        let name = format!("{} {}", operation.method.to_uppercase(), operation.path);
        assert!(article.contains(&name), "{name}");
        for status in operation.value["responses"].as_object().unwrap().keys() {
            assert!(
                article.contains(&format!(">{status}</th>")),
                "{id} {status}"
            );
        }
        for parameter in operation.value["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = format!("<code>{}</code>", parameter["name"].as_str().unwrap());
            assert!(article.contains(&name), "{id} {name}");
        }
        for alternative in operation.value["security"].as_array().into_iter().flatten() {
            let scope = alternative
                .pointer("/bearer/0")
                .map(|scope| scope.as_str().unwrap());
            let shown = scope.unwrap_or("a token that is sent must be good");
            assert!(article.contains(shown), "{id} {shown}");
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let begin = format!("id=\"schema-{name}\"");
        let section = html.split(&begin).nth(1).expect(name);
        let section = section.split("</table>").next().unwrap();
        for member in schema["properties"].as_object().unwrap().keys() {
            assert!(
                section.contains(&format!("<code>{member}</code>")),
                "{name} {member}"
            );
        }
    }
}

#[test]
fn what_a_description_says_is_text() {
    let hostile = "<script>alert(1)</script>\"'&";
    let document = json!({
        "info": {"title": hostile, "description": hostile, "version": hostile},
        "servers": [{"url": hostile, "description": hostile}],
        "paths": {hostile: {"get": {
            "tags": [hostile], "summary": hostile, "operationId": hostile,
            "parameters": [{
                "name": hostile, "in": hostile, "description": hostile,
                "schema": {"type": hostile, "pattern": hostile, "enum": [hostile]},
            }],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": hostile}}}},
            "responses": {hostile: {
                "description": hostile, "headers": {hostile: {}},
                "content": {hostile: {"schema": {"oneOf": [{"$ref": hostile}]}}},
            }},
            "security": [{"bearer": [hostile]}],
        }}},
        "components": {"schemas": {hostile: {
            "description": hostile, "properties": {hostile: {"description": hostile}},
            "additionalProperties": {"description": hostile},
        }}},
    });
    let html = text(&document);
    assert!(!html.contains("<script") && !html.contains("\"'"));
    assert!(html.matches("&lt;script&gt;").count() > 20);
}

#[test]
fn the_policy_admits_the_style_of_the_page_alone() {
    let policy = policy();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
    let html = text(&document());
    assert_eq!(html.matches("<style>").count(), 1);
    assert!(html.contains(&format!("<style>{STYLE}</style>")));
    for absent in [
        "<script", "<img", "<link", "<form", " style=", " src=", " on",
    ] {
        let tags = html.split('<').skip(1);
        let mut tags = tags.map(|part| format!("<{}", part.split('>').next().unwrap()));
        assert!(tags.all(|tag| !tag.contains(absent)), "{absent}");
    }
}
