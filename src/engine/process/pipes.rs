//! The output of a process, read as it comes without a thread for each pipe.

use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::fs::OFlags;

/// Where a process wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// What a process still holds open of its output.
pub(super) struct Pipes {
    pipes: Vec<(Stream, File)>,
    buffer: Box<[u8]>,
}

impl Pipes {
    pub(super) fn of(child: &mut Child) -> io::Result<Self> {
        let out = child.stdout.take().map(OwnedFd::from);
        let err = child.stderr.take().map(OwnedFd::from);
        let both = [(Stream::Out, out), (Stream::Err, err)];
        let mut pipes = Vec::with_capacity(2);
        for (stream, pipe) in both {
            if let Some(pipe) = pipe {
                let flags = rustix::fs::fcntl_getfl(&pipe)?;
                rustix::fs::fcntl_setfl(&pipe, flags | OFlags::NONBLOCK)?;
                pipes.push((stream, File::from(pipe)));
            }
        }
        Ok(Pipes {
            pipes,
            buffer: vec![0; 64 * 1024].into_boxed_slice(),
        })
    }

    /// Whether anybody can still write.
    pub(super) fn open(&self) -> bool {
        !self.pipes.is_empty()
    }

    /// Waits until there is something to read, and reads all that is there.
    pub(super) fn read(
        &mut self,
        wait: Duration,
        heard: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<()> {
        let mut ready: Vec<PollFd<'_>> = self
            .pipes
            .iter()
            .map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN))
            .collect();
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: wait.subsec_nanos().into(),
        };
        match rustix::event::poll(&mut ready, Some(&wait)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = ready.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut ready = ready.into_iter();
        let buffer = &mut self.buffer;
        let mut trouble = None;
        self.pipes.retain_mut(|(stream, pipe)| {
            if !ready.next().unwrap_or(false) {
                return true;
            }
            // Not without end: a process that never stops writing is to be stopped as well.
            for _ in 0..16 {
                match pipe.read(buffer) {
                    Ok(0) => return false,
                    Ok(count) => heard(*stream, &buffer[..count]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        trouble = Some(error);
                        return false;
                    }
                }
            }
            true
        });
        trouble.map_or(Ok(()), Err)
    }
}
