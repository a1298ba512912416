use std::path::PathBuf;
use std::time::Duration;

/// What can be measured. `Ready` and `Recovery` need an engine that may be killed, not one that runs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Ready,
    Saturated,
    Paced,
    Recovery,
}

pub struct Options {
    pub parts: Vec<Part>,
    pub engine: PathBuf,
    /// An engine that runs already.
    pub address: Option<String>,
    pub seconds: f64,
    /// Records a second of the paced part.
    pub rate: u64,
    /// From one frame of the paced part to the next.
    pub pace: Duration,
    pub instruments: u32,
    /// Where the engine's data goes: on the disk that is to be measured.
    pub dir: PathBuf,
}

impl Options {
    pub fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let beside = std::env::current_exe()
            .ok()
            .and_then(|path| path.parent().map(|dir| dir.join("mib-engine")));
        let mut options = Options {
            parts: vec![Part::Saturated, Part::Paced],
            engine: beside.unwrap_or_else(|| "mib-engine".into()),
            address: None,
            seconds: 5.0,
            rate: 200_000,
            pace: Duration::from_micros(100),
            instruments: 1_000,
            dir: std::env::temp_dir(),
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(format!("{name} needs a value"))?;
            let wrong = || format!("{name}: {value} is not a number above 0");
            match name.as_str() {
                "--engine" => options.engine = value.into(),
                "--address" => options.address = Some(value),
                "--dir" => options.dir = value.into(),
                "--parts" => options.parts = parts(&value)?,
                "--seconds" => {
                    options.seconds = value.parse().ok().filter(|seconds| *seconds > 0.0).ok_or_else(wrong)?
                }
                "--rate" => options.rate = value.parse().ok().filter(|rate| *rate > 0).ok_or_else(wrong)?,
                "--pace-micros" => {
                    let micros = value.parse().ok().filter(|micros| *micros > 0).ok_or_else(wrong)?;
                    options.pace = Duration::from_micros(micros)
                }
                "--instruments" => {
                    options.instruments = value.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?
                }
                _ => return Err(format!("{name} is not an option")),
            }
        }
        let needs_own = options
            .parts
            .iter()
            .any(|part| matches!(part, Part::Ready | Part::Recovery));
        if needs_own && options.address.is_some() {
            return Err("ready and recovery start an engine of their own: leave out --address".into());
        }
        Ok(options)
    }
}

fn parts(names: &str) -> Result<Vec<Part>, String> {
    let part = |name: &str| match name {
        "ready" => Ok(Part::Ready),
        "saturated" => Ok(Part::Saturated),
        "paced" => Ok(Part::Paced),
        "recovery" => Ok(Part::Recovery),
        _ => Err(format!("--parts: {name} is none of ready, saturated, paced, recovery")),
    };
    names.split(',').map(part).collect()
}
