// Package gprobe looks inside running Go programs, the calling one among them. It is as much of libgprobe as the tests
// beside it need; capi/include/gprobe.h has the rest.
//
// Build with CGO_LDFLAGS="-L/where/libgprobe.so/is"; run as root.
package gprobe

// #cgo CFLAGS: -I${SRCDIR}/../../../../capi/include
// #cgo LDFLAGS: -lgprobe
// #include <stdlib.h>
// #include "gprobe.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// Value is an argument of a script's printf.
type Value struct {
	Int   int64
	Text  string
	Stack []Frame
}

// Frame is a frame of a stack, innermost first.
type Frame struct {
	Function, File string
	Line           int
}

// Session is a script at work on a process.
type Session struct {
	session *C.gprobe_session
	program C.uint32_t
}

// last is why a call failed, as the thread knows that made it: the caller has locked it.
func last() error { return errors.New(C.GoString(C.gprobe_last_error())) }

// Attach attaches a script to a process.
func Attach(pid int, script string) (*Session, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	builder := C.gprobe_builder_new()
	if !C.gprobe_builder_pid(builder, C.uint32_t(pid)) {
		return nil, last()
	}
	session := C.gprobe_open(builder)
	if session == nil {
		return nil, last()
	}
	name, text := C.CString("script"), C.CString(script)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(text))
	program := C.gprobe_compile(session, name, text)
	if program == 0 || !bool(C.gprobe_attach(session, program)) {
		err := last()
		C.gprobe_close(session)
		return nil, err
	}
	return &Session{session, program}, nil
}

// Detach takes the probes away and gives what printf was called with in all, a slice for each call.
func (s *Session) Detach() ([][]Value, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer C.gprobe_close(s.session)
	if !C.gprobe_detach(s.session, s.program) {
		return nil, last()
	}
	var all [][]Value
	for {
		switch came := C.gprobe_poll(s.session, 10); {
		case came < 0:
			return nil, last()
		case came == 0:
			if lost := C.gprobe_lost(s.session); lost > 0 {
				return all, fmt.Errorf("%d records were lost", uint64(lost))
			}
			return all, nil
		}
		for event := C.gprobe_next(s.session); event != nil; event = C.gprobe_next(s.session) {
			if C.gprobe_event_kind(event) == C.GPROBE_EVENT_TYPE_PRINTF {
				all = append(all, args(event))
			}
		}
	}
}

func args(event *C.gprobe_event) []Value {
	values := make([]Value, C.gprobe_event_args(event))
	for i := range values {
		value := C.gprobe_event_arg(event, C.size_t(i))
		values[i] = Value{Int: int64(C.gprobe_value_int(value)), Text: C.GoString(C.gprobe_value_text(value))}
		var frame C.gprobe_frame
		for n := C.size_t(0); bool(C.gprobe_value_frame(value, n, &frame)); n++ {
			shown := Frame{C.GoString(frame.function), C.GoString(frame.source), int(frame.line)}
			values[i].Stack = append(values[i].Stack, shown)
		}
	}
	return values
}

// Wait is a wait for a mutex that was too long.
type Wait struct {
	For   time.Duration
	Stack []Frame
}

// LongWaits runs a function and gives the waits of this process for mutexes meanwhile that were longer than a limit.
func LongWaits(pid int, limit time.Duration, run func()) ([]Wait, error) {
	script := fmt.Sprintf(`mutex:acquired /args.contended && args.wait_ns > %d/ { printf("%%d%%s", args.wait_ns, gostack); }`, limit)
	session, err := Attach(pid, script)
	if err != nil {
		return nil, err
	}
	run()
	told, err := session.Detach()
	var waits []Wait
	for _, values := range told {
		waits = append(waits, Wait{time.Duration(values[0].Int), values[1].Stack})
	}
	return waits, err
}
