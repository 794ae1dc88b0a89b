//! Writes HTML that is well-formed and escaped by construction.

/// A document under construction. Names of elements and attributes are the program's own; every
/// text and value is escaped.
#[derive(Default)]
pub(super) struct Html(String);

type Attributes<'a> = [(&'static str, &'a str)];

impl Html {
    /// An element around what `content` writes.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: &Attributes<'_>,
        content: impl FnOnce(&mut Self),
    ) {
        self.begin(name, attributes);
        content(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element around a text.
    pub(super) fn line(&mut self, name: &'static str, text: &str) {
        self.element(name, &[], |html| html.text(text));
    }

    /// An element without content, such as `meta`.
    pub(super) fn void(&mut self, name: &'static str, attributes: &Attributes<'_>) {
        self.begin(name, attributes);
    }

    /// A link.
    pub(super) fn link(&mut self, address: &str, text: &str) {
        self.element("a", &[("href", address)], |html| html.text(text));
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
    }

    /// A text in which backticks mark code; one without a partner is a character.
    pub(super) fn prose(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, code, after)) = code_in(rest) {
            self.text(before);
            self.line("code", code);
            rest = after;
        }
        self.text(rest);
    }

    /// A style sheet of this program. It holds no `<`, which would need another escape.
    pub(super) fn style(&mut self, css: &'static str) {
        debug_assert!(!css.contains('<'));
        self.element("style", &[], |html| html.0.push_str(css));
    }

    /// A table with a heading for each column, which readers of screens name with each cell.
    pub(super) fn table(&mut self, headings: &[&str], rows: impl FnOnce(&mut Self)) {
        self.element("div", &[("class", "wide"), ("tabindex", "0")], |html| {
            html.element("table", &[], |html| {
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| {
                        for heading in headings {
                            html.element("th", &[("scope", "col")], |html| html.text(heading));
                        }
                    });
                });
                html.element("tbody", &[], rows);
            });
        });
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        format!("<!DOCTYPE html>\n{}\n", self.0)
    }

    fn begin(&mut self, name: &'static str, attributes: &Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

fn code_in(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    Some((before, code, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_values_are_escaped() {
        let mut html = Html::default();
        html.element("p", &[("title", "\"><b>&'")], |html| {
            html.text("</p><script>");
        });
        let expected = "<p title=\"&quot;&gt;&lt;b&gt;&amp;&#39;\">&lt;/p&gt;&lt;script&gt;</p>";
        assert_eq!(html.0, expected);
    }

    #[test]
    fn backticks_mark_code() {
        for (text, expected) in [
            ("a `b<` c `d`", "a <code>b&lt;</code> c <code>d</code>"),
            ("a `b", "a `b"),
            ("", ""),
        ] {
            let mut html = Html::default();
            html.prose(text);
            assert_eq!(html.0, expected);
        }
    }
}
