//! Operations: who may do it, what it takes, what it gives.

use serde_json::Value;

use super::html::Html;
use super::schema;

/// Methods in the order in which people look for them.
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "options"];

/// One operation of the description.
pub(super) struct Operation<'d> {
    pub(super) method: &'static str,
    pub(super) path: &'d str,
    pub(super) value: &'d Value,
}

/// Every operation, in order of address.
pub(super) fn all(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let value = item.get(method)?;
            Some(Operation {
                method,
                path,
                value,
            })
        })
    });
    operations.collect()
}

impl<'d> Operation<'d> {
    /// The group that it belongs to.
    pub(super) fn tag(&self) -> &'d str {
        self.text("/tags/0")
    }

    /// The line that leads to it.
    pub(super) fn entry(&self, html: &mut Html) {
        html.element("li", &[], |html| {
            let address = format!("#{}", self.text("/operationId"));
            html.element("a", &[("href", &address)], |html| self.name(html));
            html.text(" ");
            html.prose(self.text("/summary"));
        });
    }

    /// All of it.
    pub(super) fn article(&self, html: &mut Html, document: &Value) {
        let id = self.text("/operationId");
        html.element("article", &[("aria-labelledby", id)], |html| {
            html.element("h3", &[("id", id)], |html| self.name(html));
            html.element("p", &[], |html| {
                html.prose(self.text("/summary"));
                html.text(". Operation ");
                html.line("code", id);
                if self.value["deprecated"] == true {
                    html.text("; another spelling, for older clients");
                }
            });
            self.needs(html);
            self.parameters(html);
            self.body(html);
            self.answers(html, document);
        });
    }

    fn name(&self, html: &mut Html) {
        html.line(
            "code",
            &format!("{} {}", self.method.to_uppercase(), self.path),
        );
    }

    fn needs(&self, html: &mut Html) {
        html.element("p", &[], |html| {
            let Some(alternatives) = self.value["security"].as_array() else {
                return html.text("Open to everybody.");
            };
            let scopes = alternatives
                .iter()
                .filter_map(|alternative| alternative.pointer("/bearer/0")?.as_str());
            let scopes: Vec<_> = scopes.collect();
            if scopes.is_empty() {
                return html.text("Open to everybody; a token that is sent must be good.");
            }
            html.text("Needs one of the scopes ");
            for scope in scopes {
                html.line("code", scope);
                html.text(" ");
            }
        });
    }

    fn parameters(&self, html: &mut Html) {
        let Some(parameters) = self.value["parameters"].as_array() else {
            return;
        };
        html.line("h4", "Parameters");
        let headings = ["Name", "In", "Required", "Rules", "Meaning"];
        html.table(&headings, |html| {
            for parameter in parameters {
                of_parameter(html, parameter);
            }
        });
    }

    fn body(&self, html: &mut Html) {
        let body = &self.value["requestBody"];
        if let Some(schema) = body.pointer("/content/application~1json/schema") {
            html.line("h4", "Body");
            html.element("p", &[], |html| schema::kind(html, schema));
        }
    }

    fn answers(&self, html: &mut Html, document: &Value) {
        html.line("h4", "Answers");
        html.table(&["Status", "Meaning", "Body", "Headers"], |html| {
            for (status, answer) in self.value["responses"].as_object().into_iter().flatten() {
                of_answer(html, status, resolved(document, answer));
            }
        });
    }

    fn text(&self, place: &str) -> &'d str {
        let text = self.value.pointer(place).and_then(Value::as_str);
        text.unwrap_or_default()
    }
}

fn of_parameter(html: &mut Html, parameter: &Value) {
    let text = |member: &str| parameter[member].as_str().unwrap_or_default();
    html.element("tr", &[], |html| {
        html.element("th", &[("scope", "row")], |html| {
            html.line("code", text("name"));
        });
        html.line("td", text("in"));
        schema::required(html, parameter["required"] == true);
        html.element("td", &[], |html| {
            schema::kind(html, &parameter["schema"]);
            html.text(" ");
            schema::rules(html, &parameter["schema"]);
        });
        html.element("td", &[], |html| html.prose(text("description")));
    });
}

fn of_answer(html: &mut Html, status: &str, answer: &Value) {
    html.element("tr", &[], |html| {
        html.element("th", &[("scope", "row")], |html| html.text(status));
        html.element("td", &[], |html| {
            html.prose(answer["description"].as_str().unwrap_or_default());
        });
        html.element("td", &[], |html| {
            for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
                html.text(&format!("{media_type} "));
                schema::kind(html, &content["schema"]);
            }
        });
        html.element("td", &[], |html| {
            for name in answer["headers"]
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys())
            {
                html.line("code", name);
                html.text(" ");
            }
        });
    });
}

/// The component that an answer refers to, or the answer itself.
fn resolved<'d>(document: &'d Value, answer: &'d Value) -> &'d Value {
    let reference = answer["$ref"].as_str();
    let place = reference.and_then(|reference| reference.strip_prefix('#'));
    place
        .and_then(|place| document.pointer(place))
        .unwrap_or(answer)
}
