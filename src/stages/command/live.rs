//! Numbers of a program while it runs: those that it prints, and those in files that grow.

use std::fs;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use serde_json::Value as Json;

use super::left;
use super::metrics;
use crate::engine::Link;
use crate::table::delimited::Delimited;
use crate::table::records;

/// Between two looks at files.
const PERIOD: Duration = Duration::from_millis(500);

/// Of a file that grows its end is read.
const END: u64 = 64 << 10;

/// So many numbers fit on a line.
const SHOWN: usize = 6;

/// Watches one program.
pub(super) struct LiveNumbers<'l> {
    link: &'l dyn Link,
    files: Vec<Watched>,
    looked: Instant,
    /// How far the program says that it is: `epoch=3/10`.
    done: u64,
    total: u64,
    numbers: Vec<(String, f64)>,
}

/// A file that a program writes its numbers to.
struct Watched {
    path: PathBuf,
    seen: Option<(u64, SystemTime)>,
}

impl<'l> LiveNumbers<'l> {
    /// What is in the files now is nobody's news.
    pub(super) fn new(link: &'l dyn Link, files: Vec<PathBuf>) -> Self {
        let files = files.into_iter();
        LiveNumbers {
            link,
            files: files.map(Watched::from_now_on).collect(),
            looked: Instant::now(),
            done: 0,
            total: 0,
            numbers: Vec::new(),
        }
    }

    /// The numbers of a line that was printed.
    pub(super) fn printed(&mut self, numbers: &[(String, String)]) {
        if numbers.is_empty() {
            return;
        }
        for (name, value) in numbers {
            self.take(name, value);
        }
        self.tell();
    }

    /// Looks at the files, now and then.
    pub(super) fn glance(&mut self) {
        if self.looked.elapsed() < PERIOD {
            return;
        }
        self.looked = Instant::now();
        let mut told = false;
        for at in 0..self.files.len() {
            let Some(text) = self.files[at].changed() else {
                continue;
            };
            for (name, value) in last_record(&metrics::without_colours(&text)) {
                let value = match &value {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                told |= self.take(&name, &value);
            }
        }
        if told {
            self.tell();
        }
    }

    fn take(&mut self, name: &str, value: &str) -> bool {
        let (number, of) = match value.split_once('/') {
            Some((done, total)) if records::is_step(name) => {
                (done.trim(), total.trim().parse::<u64>().ok())
            }
            _ => (value.trim(), None),
        };
        let Ok(number) = number.parse::<f64>() else {
            return false;
        };
        if let Some(total) = of {
            (self.done, self.total) = (number.max(0.0) as u64, total);
        }
        let room = self.numbers.len() < SHOWN;
        match self.numbers.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = number,
            None if room => self.numbers.push((name.to_owned(), number)),
            None => {}
        }
        true
    }

    fn tell(&self) {
        let numbers = self.numbers.iter();
        let numbers: Vec<(&str, f64)> = numbers.map(|(name, value)| (&**name, *value)).collect();
        self.link.progress(self.done, self.total, &numbers);
    }
}

impl Watched {
    fn from_now_on(path: PathBuf) -> Self {
        let about = fs::metadata(&path).ok();
        let seen = about.and_then(|about| Some((about.len(), about.modified().ok()?)));
        Watched { path, seen }
    }

    /// The end of the file, where it has changed since the last look.
    fn changed(&mut self) -> Option<String> {
        let (mut file, about) = left::open(&self.path).ok()?;
        let seen = Some((about.len(), about.modified().ok()?));
        if seen == self.seen {
            return None;
        }
        self.seen = seen;
        let from = about.len().saturating_sub(END);
        let mut header = String::new();
        if from > 0 {
            // CSV is known by its first line.
            let mut start = vec![0; 4096];
            let read = file.read(&mut start).ok()?;
            let start = String::from_utf8_lossy(&start[..read]).into_owned();
            header = format!("{}\n", start.lines().next().unwrap_or_default());
        }
        file.seek(SeekFrom::Start(from)).ok()?;
        let mut bytes = Vec::new();
        file.take(END).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        Some(match from {
            0 => text.into_owned(),
            // The first line is torn.
            _ => format!(
                "{header}{}",
                text.split_once('\n').map_or("", |(_, rest)| rest)
            ),
        })
    }
}

/// The newest numbers in a text of whatever form; a line that is not complete is left out.
fn last_record(text: &str) -> records::Record {
    let start = text.trim_start();
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    if start.starts_with(['{', '[']) {
        let whole = records::json(text);
        return match whole {
            Ok((records::Document::One(Json::Object(record)), _)) => {
                records::flat(&record, &mut Vec::new())
            }
            Ok((records::Document::Rows(rows), _)) => {
                let last = rows.last().map(|row| records::flat(row, &mut Vec::new()));
                last.unwrap_or_default()
            }
            _ => Default::default(),
        };
    }
    if complete.lines().any(|line| line.contains('=')) {
        let lines = complete.lines();
        let pairs = lines.flat_map(|line| metrics::Words::of(line).values());
        return pairs
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .collect();
    }
    let (read, _) = Delimited::logged(complete);
    read.records().pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_numbers_are_read_in_every_form() {
        for text in [
            "{\"epoch\": 1, \"loss\": 2}\n{\"epoch\": 2, \"loss\": 1}\n{\"ep",
            "epoch,loss\n1,2\n2,1\n3,",
            "epoch=1\nloss=2\nepoch=2\nloss=1\nepo",
            "epoch=1 loss=2\nepoch=2 loss=1\n",
            "{\"epoch\": 2, \"loss\": 1}",
        ] {
            let record = last_record(text);
            let said: Vec<String> = record
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_string().replace('"', "")))
                .collect();
            assert_eq!(said, ["epoch=2", "loss=1"], "{text}");
        }
    }
}
