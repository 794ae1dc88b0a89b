//! The files that browsers fetch: the style sheet with the parts of Designsystemet that the pages
//! use, the fonts, and our own scripts. Each is named by its content, so that it can be kept forever.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The components of Designsystemet that the pages use.
const COMPONENTS: [&str; 15] = [
    "alert",
    "button",
    "card",
    "details",
    "error-summary",
    "field",
    "fieldset",
    "heading",
    "input",
    "label",
    "link",
    "list",
    "paragraph",
    "skip-link",
    "validation-message",
];

/// The parts of the font that Norwegian, Sámi and their neighbours are written with.
const FONT_SUBSETS: [&str; 2] = ["inter-latin-wght-normal", "inter-latin-ext-wght-normal"];

/// What is in the style sheet or beside it, with the folder that its license is in.
const LICENSES: [(&str, &str); 3] = [
    ("Designsystemet", "@digdir/designsystemet-css"),
    ("Inter", "@fontsource-variable/inter"),
    ("Unicode CLDR", "cldr-localenames-full"),
];

/// Writes the files below `out` and makes the code that embeds them.
pub(crate) fn generate(packages: &Path, out: &Path) -> Result<String, String> {
    let mut assets = Assets {
        folder: out.join("assets"),
        constants: String::new(),
        entries: String::new(),
    };
    match fs::remove_dir_all(&assets.folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{}: {error}", assets.folder.display()));
        }
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(&assets.folder).map_err(|error| error.to_string())?;

    let licenses = assets.add(
        "licenses.txt",
        "text/plain; charset=utf-8",
        &licenses(packages)?,
    )?;
    let styles = styles(packages, &licenses, &mut assets)?;
    assets.add("pages.css", "text/css; charset=utf-8", styles.as_bytes())?;
    assets.add(
        "icon.svg",
        "image/svg+xml",
        &read(Path::new("assets/icon.svg"))?,
    )?;
    for script in ["country.js", "logout.js", "testid.js"] {
        let content = read(&Path::new("assets").join(script))?;
        assets.add(script, "text/javascript; charset=utf-8", &content)?;
    }
    Ok(format!(
        "{}static ASSETS: &[Asset] = &[\n{}];\n",
        assets.constants, assets.entries
    ))
}

fn styles(packages: &Path, licenses: &str, assets: &mut Assets) -> Result<String, String> {
    let design = packages.join("@digdir/designsystemet-css/dist");
    let theme = text(&design.join("theme/designsystemet.css"))?;
    let base = text(&design.join("src/base.css"))?;
    let mut styles = format!("/* Licenses: {licenses} */\n");
    styles += "@layer ds.theme, ds.base, ds.components, pages;\n";
    styles += &fonts(packages, assets)?;
    let _ = write!(styles, "{theme}\n@layer ds.base{{{base}}}\n");
    for component in COMPONENTS {
        let rules = text(&design.join(format!("src/{component}.css")))?;
        let _ = writeln!(styles, "@layer ds.components{{{rules}}}");
    }
    let own = text(Path::new("assets/pages.css"))?;
    let _ = writeln!(styles, "@layer pages{{{own}}}");
    Ok(styles)
}

/// The rules that name the font files, which they stand beside.
fn fonts(packages: &Path, assets: &mut Assets) -> Result<String, String> {
    let folder = packages.join("@fontsource-variable/inter");
    let sheet = text(&folder.join("wght.css"))?;
    let mut rules = String::new();
    for subset in FONT_SUBSETS {
        let source = format!("./files/{subset}.woff2");
        let rule = sheet
            .split("@font-face")
            .find(|rule| rule.contains(&source))
            .and_then(|rule| rule.split_inclusive('}').next())
            .ok_or_else(|| format!("the package of the font has no rule for {subset}"))?;
        let content = read(&folder.join("files").join(format!("{subset}.woff2")))?;
        let path = assets.add(&format!("{subset}.woff2"), "font/woff2", &content)?;
        let rule = rule
            .replace(&source, &path)
            .replace("Inter Variable", "Inter");
        let _ = writeln!(rules, "@font-face{rule}");
    }
    Ok(rules)
}

fn licenses(packages: &Path) -> Result<Vec<u8>, String> {
    let mut licenses = String::new();
    for (name, folder) in LICENSES {
        let license = text(&packages.join(folder).join("LICENSE"))?;
        let _ = write!(licenses, "{name}\n\n{}\n\n\n", license.trim());
    }
    Ok(licenses.into_bytes())
}

/// The files so far and the code that embeds them.
struct Assets {
    folder: std::path::PathBuf,
    constants: String,
    entries: String,
}

impl Assets {
    /// Adds a file and says its path on the server.
    fn add(&mut self, name: &str, kind: &str, content: &[u8]) -> Result<String, String> {
        let digest = Sha256::digest(content);
        let mut hash = String::new();
        for byte in &digest[..8] {
            let _ = write!(hash, "{byte:02x}");
        }
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let file = self.folder.join(name);
        fs::write(&file, content).map_err(|error| format!("{}: {error}", file.display()))?;

        let path = format!("/assets/{stem}.{hash}.{extension}");
        let constant = name.to_uppercase().replace(['.', '-'], "_");
        let _ = writeln!(
            self.constants,
            "pub(crate) const {constant}: &str = {path:?};"
        );
        let _ = writeln!(
            self.entries,
            "    Asset {{ path: {constant}, content_type: {kind:?}, content: include_bytes!({:?}) }},",
            file.display().to_string(),
        );
        Ok(path)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn text(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
