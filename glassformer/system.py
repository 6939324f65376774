"""What operating systems do each in their own way: locks, opening, syncing, signals, processors, memory, forks.

Nothing else of the package names a system or asks which one it is.
"""

import contextlib
import ctypes
import io
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:  # it takes a hundredth of a start, and only the server has any
    import socket

# How threads of OpenMP, which are torch's, wait for each other: the standard's variable, GNU's and LLVM's.
WAITING = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"
# 20,000 looks take about a millisecond; after 1,000 a step of training took a third longer on an idle machine.
ASLEEP = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "20000"}
# A user's Ctrl-C, a request to end, a terminal that hangs up, a limit of the processor's time; not all on every system.
STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU") if hasattr(signal, name)]
TCP_INFO = struct.Struct("144x I 52x Q Q")
LOCKED_BYTE = 1 << 30  # where Windows, whose locks forbid reading too, locks a file: behind all that is read


class _Stderr(io.TextIOBase):
    """Whatever is `sys.stderr` then. Where that is closed or full, or its reader is gone, what is written is lost and
    is no error: nobody need listen to what the library says while it works."""

    @property
    def _stream(self) -> Any:
        """Not what rich puts in its place while it draws a bar, which would come back here."""
        return getattr(sys.stderr, "rich_proxied_file", sys.stderr)

    @property
    def encoding(self) -> str | None:  # type: ignore[override]
        return getattr(self._stream, "encoding", None)

    def isatty(self) -> bool:
        return bool(self._heard("isatty"))

    def fileno(self) -> int:
        return int(sys.stderr.fileno())

    def write(self, text: str) -> int:
        self._heard("write", text)
        return len(text)

    def flush(self) -> None:
        self._heard("flush")

    def _heard(self, method: str, *given: Any) -> Any:
        if self._stream is not None:  # as where there is no console
            with contextlib.suppress(OSError, ValueError):  # the latter of a stream that was closed
                return getattr(self._stream, method)(*given)
        return None


STDERR: Any = _Stderr()  # a text stream, though not one by the types of files


def open_at_once(name: str, flags: int) -> int:
    """An opener that never waits for the other end of a pipe or for a device."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def open_itself(name: str, flags: int) -> int:
    """An opener of the file itself, never of what a link in its place leads to, that does not wait for a pipe."""
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)


def lock(descriptor: int, wait: bool) -> None:
    """Lock an open file against other processes until it is closed. BlockingIOError where one has it, unless `wait`."""
    _locker()(descriptor, wait)


def _locker() -> Callable[[int, bool], None]:
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows

    def flock(descriptor: int, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    return flock


def _lock_on_windows(descriptor: int, wait: bool) -> None:
    import msvcrt

    windows: Any = msvcrt  # whose functions are there on Windows alone
    while True:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        try:
            windows.locking(descriptor, windows.LK_NBLCK, 1)
            return
        except OSError as error:
            if not wait:
                raise BlockingIOError(error.errno, error.strerror) from error
        time.sleep(0.1)


def sync_directory(path: Path) -> None:
    """Have the disk keep the names in a directory, on systems where a directory can be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def own_processors() -> list[int]:
    """The numbers of the processors that this process may use; none where the system does not let it choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


def confine(threads: Iterable[int], to: Sequence[int]) -> None:
    """Let threads, by the system's numbers, run on these processors only; those that have ended are passed over."""
    for thread in threads:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, to)


def computing_threads() -> list[int]:
    """The system's numbers of this thread, and of those that no Python runs: libraries compute in them. On Linux."""
    of_python = {thread.native_id for thread in threading.enumerate()} - {threading.get_native_id()}
    return [
        number for number in (int(task.name) for task in Path("/proc/self/task").iterdir()) if number not in of_python
    ]


def has_libgomp() -> bool:
    """Whether threads of OpenMP are GNU's in this process, and not another library's, as far as Linux tells."""
    try:
        loaded = Path("/proc/self/maps").read_text()
    except OSError:
        return False
    return "/libgomp" in loaded and not any(other in loaded for other in ("/libomp", "/libiomp"))


def memory() -> int:
    """Bytes of memory that this machine has in all; where it does not say, as if there were no end."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def is_running(process: int) -> bool:
    """Whether a process of that number runs; on Windows, where asking would end it, as if it did."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def hang_up_parent() -> None:
    """Send the process that started this one SIGHUP, on systems that have it."""
    if hasattr(signal, "SIGHUP"):
        os.kill(os.getppid(), signal.SIGHUP)


@contextlib.contextmanager
def without_ctrl_c() -> Iterator[None]:
    """What is started while the block runs never hears Ctrl-C; this process does, after it. On POSIX."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave(status: int = 0) -> NoReturn:
    """End this process at once: what its threads still do is for nobody."""
    with contextlib.suppress(OSError, ValueError):  # of a stream that is closed
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def allow_many_files() -> None:
    """Let this process have as many files and connections open as its hard limit admits."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def return_free_memory() -> None:
    """Give the system back what was freed, where the C library is glibc, which keeps it for the thread that had it.

    It takes milliseconds. Source: malloc_trim(3).
    """
    with contextlib.suppress(TypeError, AttributeError):  # of Windows, of another C library
        ctypes.CDLL(None).malloc_trim(0)


def bytes_written(connection: "socket.socket") -> int | None:
    """How many bytes were written to a connection over TCP so far, where the system (Linux since 4.19) counts them.

    Source: struct tcp_info of linux/tcp.h: tcpi_notsent_bytes, and behind it tcpi_bytes_sent and tcpi_bytes_retrans.
    """
    if sys.platform != "linux":
        return None
    import socket

    facts = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
    if len(facts) < TCP_INFO.size:
        return None
    unsent, sent, sent_again = TCP_INFO.unpack(facts)
    return int(unsent + sent - sent_again)


def wait_asleep() -> None:
    """Have OpenMP's threads wait asleep after a moment, unless the environment says how; before torch is imported.

    By default they wait busily for milliseconds, and hold processors that the threads they wait for may need: beside
    one other busy process a step of training then takes many times its time.
    """
    if not set(WAITING) & os.environ.keys():
        os.environ.update(ASLEEP)


class Home:
    """The process in which threads were started: they stay there when it forks, and to wait for them is for ever."""

    def __init__(self) -> None:
        self._process = os.getpid()

    def is_here(self) -> bool:
        """Whether this is that process, and none that was forked from it."""
        return os.getpid() == self._process

    def reason_against(self, threads: int) -> str:
        """Why `threads` threads cannot compute in this process, in words; nothing where they can."""
        if threads == 1 or self.is_here():
            return ""
        return (
            "this process was forked from one that computes with several threads, which did not come along: start "
            "processes by multiprocessing's 'spawn' and load the model in each, or set OMP_NUM_THREADS=1"
        )
