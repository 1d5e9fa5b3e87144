//! Sessions: programs on a target.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::time::Duration;

use gprobe_rust as gprobe;

use gprobe::{ProgramId, Script, StopHandle};

use crate::error::{Wrong, guarded};
use crate::event::Event;
use crate::map::Map;
use crate::text::{given, shared, taken, text, texts, unique};

/// Programs at work on a target; they share their maps.
pub struct Session {
    pub(crate) session: gprobe::Session,
    come: VecDeque<gprobe::Event>,
    current: Option<Event>,
}

/// Ends gprobe_run() from any thread.
pub struct Stopper(StopHandle);

fn wrong(error: gprobe::Error) -> Wrong {
    error.to_string()
}

impl Session {
    pub(crate) fn new(session: gprobe::Session) -> Self {
        Self { session, come: VecDeque::new(), current: None }
    }

    fn poll(&mut self, timeout: Duration) -> Result<(), Wrong> {
        self.come.extend(self.session.poll(timeout).map_err(wrong)?);
        Ok(())
    }
}

/// Does something with a program; gives whether that was possible.
fn with(session: *mut Session, run: impl FnOnce(&mut gprobe::Session) -> Result<(), gprobe::Error>) -> bool {
    guarded(false, || {
        run(&mut unique(session, "session")?.session).map_err(wrong)?;
        Ok(true)
    })
}

/// Takes all probes away and frees the session, and with it all events that are not copied. NULL is nothing.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_close(session: *mut Session) {
    guarded((), || {
        drop(taken(session));
        Ok(())
    });
}

/// Compiles a script, which messages call `name`; nothing is attached. The number of the program; 0 where the script is
/// wrong.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_compile(session: *mut Session, name: *const c_char, script: *const c_char) -> u32 {
    guarded(0, || {
        let script = Script::named(text(name, "the name")?, text(script, "the script")?);
        unique(session, "session")?.session.compile(script).map(|id| id.0).map_err(wrong)
    })
}

/// Compiles a file or, where there is none of this name, a script that ships (`mutexwait`), with arguments: `--min=10ms`
/// is an option of the script's, others are $1, $2. The number of the program; 0 where that can't be done.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_compile_script(
    session: *mut Session,
    name: *const c_char,
    args: *const *const c_char,
    count: usize,
) -> u32 {
    guarded(0, || {
        let mut script = Script::find(text(name, "the name")?).map_err(wrong)?;
        for arg in texts(args, count, "an argument")? {
            script = match arg.strip_prefix("--").map(|option| option.split_once('=').ok_or(option)) {
                Some(Ok((name, value))) => script.option(name, Some(value.to_owned())),
                Some(Err(name)) => script.option(name, None),
                None => script.param(arg),
            };
        }
        unique(session, "session")?.session.compile(script).map(|id| id.0).map_err(wrong)
    })
}

/// Puts a program's probes in place, also again.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_attach(session: *mut Session, program: u32) -> bool {
    with(session, |session| session.attach(ProgramId(program)).map(drop))
}

/// Takes a program's probes away; its maps stay, and what it still prints comes with the next poll.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_detach(session: *mut Session, program: u32) -> bool {
    with(session, |session| session.detach(ProgramId(program)))
}

/// Takes a program's probes away and forgets it; its maps stay.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_remove(session: *mut Session, program: u32) -> bool {
    with(session, |session| session.remove(ProgramId(program)))
}

/// Lets the command of gprobe_builder_command() run.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_release(session: *mut Session) -> bool {
    with(session, gprobe::Session::release)
}

/// Whether anything can still come: a program is attached that waits for something, and the target is there.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_is_live(session: *const Session) -> bool {
    guarded(false, || Ok(shared(session, "session")?.session.is_live()))
}

/// Waits up to so many milliseconds (100 at most) for events; how many gprobe_next() has, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_poll(session: *mut Session, timeout_ms: u32) -> i64 {
    guarded(-1, || {
        let session = unique(session, "session")?;
        session.poll(Duration::from_millis(timeout_ms.into()))?;
        Ok(i64::try_from(session.come.len()).unwrap_or(i64::MAX))
    })
}

/// The next event of those that were polled; NULL where there is none. It belongs to the session, and is valid until the
/// next call of this function, gprobe_run() or gprobe_close().
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_next(session: *mut Session) -> *const Event {
    guarded(null(), || {
        let session = unique(session, "session")?;
        session.current = session.come.pop_front().map(Event::new);
        Ok(session.current.as_ref().map_or(null(), std::ptr::from_ref))
    })
}

/// Calls `handle` with each event until it gives something else than 0, the session is stopped, or nothing can come any
/// more. What the handler gave, 0 at the end, -1 where something failed. The event is valid during the call.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_run(
    session: *mut Session,
    handle: Option<extern "C" fn(event: *const Event, data: *mut c_void) -> c_int>,
    data: *mut c_void,
) -> c_int {
    guarded(-1, || {
        let handle = handle.ok_or("the handler is NULL")?;
        let session = unique(session, "session")?;
        let stop = session.session.stop_handle();
        loop {
            let over = stop.is_stopped() || !session.session.is_live();
            session.poll(if over { Duration::ZERO } else { Duration::from_millis(100) })?;
            while let Some(event) = session.come.pop_front() {
                let event = Event::new(event);
                let code = handle(&event, data);
                if code != 0 {
                    return Ok(code);
                }
            }
            if over {
                return Ok(0);
            }
        }
    })
}

/// What ends gprobe_run() from any thread; to be freed, before or after the session.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_stopper_new(session: *const Session) -> *mut Stopper {
    guarded(null_mut(), || Ok(given(Stopper(shared(session, "session")?.session.stop_handle()))))
}

/// Lets gprobe_run() end within 100 ms. Safe in a signal handler.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_stop(stopper: *const Stopper) {
    if let Ok(stopper) = shared(stopper, "stopper") {
        stopper.0.stop();
    }
}

/// Frees it. NULL is nothing.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_stopper_free(stopper: *mut Stopper) {
    drop(taken(stopper));
}

/// A map as it is now, by its name (`@calls`), to be freed by gprobe_map_free(). NULL where no program uses it.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_read(session: *mut Session, name: *const c_char) -> *mut Map {
    guarded(null_mut(), || {
        let map = unique(session, "session")?.session.map(text(name, "the name")?).map_err(wrong)?;
        Ok(given(Map::new(map)))
    })
}

/// Removes all entries of a map.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_map_clear(session: *mut Session, name: *const c_char) -> bool {
    guarded(false, || {
        let name = text(name, "the name")?;
        unique(session, "session")?.session.clear(name).map_err(wrong)?;
        Ok(true)
    })
}

/// How much was lost in all, of any kind: records, keys, stacks, reads of memory. 0: every number is exact.
#[unsafe(no_mangle)]
pub extern "C" fn gprobe_lost(session: *const Session) -> u64 {
    guarded(0, || Ok(shared(session, "session")?.session.losses().iter().map(|(_, count)| count).sum()))
}
