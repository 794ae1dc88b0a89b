use std::fmt;

/// A language that the pages are written in. Bokmål is the default and what others fall back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Norwegian Bokmål, `nb`.
    #[default]
    Bokmal,
    /// Norwegian Nynorsk, `nn`.
    Nynorsk,
    /// English, `en`.
    English,
    /// Northern Sámi, `se`.
    NorthernSami,
}

impl Language {
    /// In the order of the language switch.
    pub const ALL: [Self; 4] = [
        Self::Bokmal,
        Self::Nynorsk,
        Self::English,
        Self::NorthernSami,
    ];

    /// The tag that `lang` attributes, the language cookie and the `locale` claim have (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Bokmal => "nb",
            Self::Nynorsk => "nn",
            Self::English => "en",
            Self::NorthernSami => "se",
        }
    }

    /// The language with exactly this tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// What the language calls itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Bokmal => "Bokmål",
            Self::Nynorsk => "Nynorsk",
            Self::English => "English",
            Self::NorthernSami => "Davvisámegiella",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}
