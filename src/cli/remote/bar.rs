//! How a transfer shows itself: a bar in a terminal, a line now and then elsewhere.

use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
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
use crate::remote::Progress;
use crate::remote::Snapshot;

const REDRAW: Duration = Duration::from_millis(100);

/// A line tells of a long transfer this often.
const LINE: Duration = Duration::from_secs(5);

/// Shows how far a transfer is while it is done.
pub(super) fn shown<T>(progress: &Progress, how: args::Progress, act: impl FnOnce() -> T) -> T {
    let bars = match how {
        args::Progress::None => return act(),
        args::Progress::Bars => true,
        args::Progress::Lines => false,
        args::Progress::Auto => printer::bars_can_be_drawn(),
    };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let show = || match bars {
            true => draw(progress, &over),
            false => tell(progress, &over),
        };
        let shower = thread::Builder::new().spawn_scoped(scope, show);
        let done = act();
        over.store(true, Ordering::Relaxed);
        if let Ok(shower) = shower {
            shower.thread().unpark();
        }
        done
    })
}

fn draw(progress: &Progress, over: &AtomicBool) {
    let terminal = console::Term::buffered_stderr();
    if !terminal.is_term() {
        return;
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
        bar.set_message(text(now));
        bar.tick();
        thread::park_timeout(REDRAW);
    }
    bar.finish_and_clear();
}

fn tell(progress: &Progress, over: &AtomicBool) {
    let mut told = Instant::now();
    while !over.load(Ordering::Relaxed) {
        thread::park_timeout(REDRAW);
        if told.elapsed() >= LINE {
            told = Instant::now();
            // Standard error may be gone.
            let _ = writeln!(Printer::error(), "{}", text(progress.now()));
        }
    }
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
