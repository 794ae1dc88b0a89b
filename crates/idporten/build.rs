//! Makes the Rust code of what is not written in Rust: the texts of the pages, the names of
//! countries, and the files that browsers fetch. What others wrote is installed from the npm registry
//! into the build folder, as `package-lock.json` pins it.

#[path = "build/assets.rs"]
mod assets;
#[path = "build/countries.rs"]
mod countries;
#[path = "build/packages.rs"]
mod packages;
#[path = "build/texts.rs"]
mod texts;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

#[expect(
    clippy::print_stderr,
    reason = "cargo shows it when the build fails, which the debug form of an error would garble"
)]
fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), Box<dyn Error>> {
    for source in [
        "build.rs",
        "build",
        "texts",
        "assets",
        "package.json",
        "package-lock.json",
    ] {
        println!("cargo:rerun-if-changed={source}");
    }
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let out = Path::new(&out);

    let mut sources = Vec::new();
    for language in texts::LANGUAGES {
        sources.push(fs::read_to_string(format!("texts/{language}.json"))?);
    }
    fs::write(out.join("texts.rs"), texts::generate(&sources)?)?;

    let packages = packages::install(out)?;
    fs::write(out.join("countries.rs"), countries::generate(&packages)?)?;
    fs::write(out.join("assets.rs"), assets::generate(&packages, out)?)?;
    Ok(())
}
