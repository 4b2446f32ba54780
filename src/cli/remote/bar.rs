//! How a transfer shows itself: a bar in a terminal, a line now and then elsewhere.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::Thread;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::size;
use crate::cli::args;
use crate::cli::printer;
use crate::cli::printer::Printer;
use crate::cli::reporter::AtLeftEdge;
use crate::remote::LEASE_MINUTES;
use crate::remote::Progress;
use crate::remote::Snapshot;

const REDRAW: Duration = Duration::from_millis(100);

/// A line tells of a long transfer this often.
const LINE: Duration = Duration::from_secs(5);

/// Shows how far a transfer is while it is done; whatever is shown, whom it waits for.
pub(super) fn shown<T>(progress: &Progress, how: args::Progress, act: impl FnOnce() -> T) -> T {
    let bars = match how {
        args::Progress::Bars => true,
        args::Progress::None | args::Progress::Lines => false,
        args::Progress::Auto => printer::bars_can_be_drawn(),
    };
    let every = (how != args::Progress::None).then_some(LINE);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let show = || match bars {
            true => draw(progress, &over),
            false => tell(progress, every, &over),
        };
        let shower = thread::Builder::new().spawn_scoped(scope, show);
        let _ends = Ends {
            over: &over,
            shower: shower.ok().map(|shower| shower.thread().clone()),
        };
        act()
    })
}

/// Nothing is shown any more, also where what was shown panics: who shows it is waited for.
struct Ends<'o> {
    over: &'o AtomicBool,
    shower: Option<Thread>,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(shower) = &self.shower {
            shower.unpark();
        }
    }
}

fn draw(progress: &Progress, over: &AtomicBool) {
    let terminal = console::Term::buffered_stderr();
    if !terminal.is_term() {
        return tell(progress, None, over);
    }
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(AtLeftEdge(terminal)), 10);
    let bar = ProgressBar::with_draw_target(Some(0), target);
    let style = ProgressStyle::with_template("{bar:20} {wide_msg}");
    bar.set_style(
        style
            .expect("the template is well formed")
            .progress_chars("━━─"),
    );
    while !over.load(Ordering::Relaxed) {
        let now = progress.now();
        match now.bytes {
            0 => {
                bar.set_length(now.results);
                bar.set_position(now.looked);
            }
            bytes => {
                bar.set_length(bytes);
                bar.set_position(now.bytes_done);
            }
        }
        let waits_for = progress.waits_for();
        bar.set_message(waits_for.map_or_else(|| text(now), |who| waiting(&who)));
        bar.tick();
        thread::park_timeout(REDRAW);
    }
    bar.finish_and_clear();
}

fn tell(progress: &Progress, every: Option<Duration>, over: &AtomicBool) {
    // Standard error may be gone.
    let line = |text: String| drop(writeln!(Printer::error(), "{text}"));
    let mut told = Instant::now();
    let mut waited_for = None;
    while !over.load(Ordering::Relaxed) {
        thread::park_timeout(REDRAW);
        let waits_for = progress.waits_for();
        if waits_for != waited_for {
            waits_for.iter().for_each(|who| line(waiting(who)));
            waited_for = waits_for;
        } else if every.is_some_and(|every| told.elapsed() >= every) {
            told = Instant::now();
            line(text(progress.now()));
        }
    }
}

fn waiting(who: &str) -> String {
    format!(
        "waits until {who} has cleaned up there; a clean-up that died counts for {LEASE_MINUTES} minutes"
    )
}

/// `120 of 200 results looked up, 3 of 40 objects, 1.2 of 30.0 MB`
fn text(now: Snapshot) -> String {
    let mut text = format!("{} of {} results looked up", now.looked, now.results);
    if now.objects > 0 {
        let (done, all) = (size(now.bytes_done), size(now.bytes));
        let objects = format!("{} of {} objects", now.objects_done, now.objects);
        text = format!("{text}, {objects}, {done} of {all}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_what_is_shown_ends_it() {
        let panics = || {
            shown(&Progress::default(), args::Progress::None, || {
                panic!("as it may")
            })
        };
        assert!(std::panic::catch_unwind(panics).is_err());
    }
}
