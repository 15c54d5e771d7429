"""macOS and Windows: nothing that only POSIX systems have is used without a look at the system (mypy checks that too: `.ci/run`)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "runner"

# modules that Windows lacks
MODULES = {
    "crypt",
    "curses",
    "fcntl",
    "grp",
    "nis",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tty",
}

# what modules lack on Windows, or on macOS
NAMES = {
    "os": {
        "O_CLOEXEC", "O_DIRECTORY", "O_DSYNC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "WEXITSTATUS", "WIFEXITED", "WIFSIGNALED",
        "WNOHANG", "chown", "chroot", "confstr", "ctermid", "fchdir", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid",
        "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getresuid", "getsid", "getuid", "initgroups", "killpg", "lchown",
        "lockf", "major", "minor", "mkfifo", "mknod", "nice", "openpty", "pathconf", "pipe2", "posix_fadvise", "posix_spawn", "pread",
        "preadv", "pwrite", "pwritev", "register_at_fork", "sched_getaffinity", "sched_setaffinity", "sched_yield", "sendfile", "setegid",
        "seteuid", "setgid", "setpgid", "setpriority", "setsid", "setuid", "statvfs", "sync", "sysconf", "tcgetpgrp", "ttyname", "uname",
        "wait", "wait3", "wait4", "waitid", "getrandom", "memfd_create", "eventfd", "pidfd_open",
    },
    "signal": {
        "SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1",
        "SIGUSR2", "SIGWINCH", "alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt", "sigpending",
        "sigtimedwait", "sigwait", "sigwaitinfo",
    },
    "select": {"POLLERR", "POLLHUP", "POLLIN", "POLLNVAL", "POLLOUT", "POLLPRI", "epoll", "kevent", "kqueue", "poll"},
    "selectors": {"DevpollSelector", "EpollSelector", "KqueueSelector", "PollSelector"},
    "socket": {
        "AF_UNIX", "AF_NETLINK", "AF_PACKET", "CMSG_LEN", "MSG_DONTWAIT", "MSG_NOSIGNAL", "SO_REUSEPORT", "SO_BINDTODEVICE", "TCP_CORK",
        "recv_fds", "send_fds", "sethostname",
    },
    "time": {
        "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_REALTIME", "CLOCK_THREAD_CPUTIME_ID", "clock_getres", "clock_gettime",
        "clock_gettime_ns", "clock_settime", "pthread_getcpuclockid", "tzset",
    },
    "mmap": {"MAP_PRIVATE", "MAP_SHARED", "PROT_READ", "PROT_WRITE"},
}  # fmt: skip

# methods and keyword arguments that fail there
METHODS = {
    "add_signal_handler",
    "remove_signal_handler",
    "set_inheritable",
    "start_unix_server",
    "open_unix_connection",
}
ARGUMENTS = {"pass_fds", "preexec_fn", "process_group", "start_new_session"}
FOLDERS = ("/dev/", "/proc/", "/tmp/", "/etc/", "/var/")

_GUARDS = {"ImportError", "ModuleNotFoundError", "AttributeError", "NotImplementedError"}


def posix_only(text: str) -> list[str]:
    """`line: name` of everything in a text that only POSIX systems have, and that nothing around it guards."""
    tree = ast.parse(text)
    return [f"{node.lineno}: {name}" for node, name in _uses(tree, guarded=False)]


def _uses(node: ast.AST, *, guarded: bool) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for child in ast.iter_child_nodes(node):
        if not guarded and isinstance(child, (ast.expr, ast.stmt)):
            yield from ((child, name) for name in _names(child))
        yield from _uses(child, guarded=guarded or _is_guard(child))


def _is_guard(node: ast.AST) -> bool:
    """A function, a statement or an expression that looks at the system first."""
    if isinstance(node, ast.Try):
        caught = {
            name.id
            for handler in node.handlers
            if handler.type
            for name in ast.walk(handler.type)
            if isinstance(name, ast.Name)
        }
        return bool(caught & _GUARDS)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.If, ast.IfExp)):
        asked = {ast.unparse(each) for each in ast.walk(node) if isinstance(each, (ast.Attribute, ast.Name))}
        return bool(asked & {"sys.platform", "os.name", "hasattr"})
    return False


def _names(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (each.name for each in names if each.name in MODULES)
        case ast.ImportFrom(module=str(module), level=0, names=names):
            yield from ([module] if module in MODULES else [])
            yield from (f"{module}.{each.name}" for each in names if each.name in NAMES.get(module, ()))
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in NAMES.get(module, ()):
            yield f"{module}.{name}"
        case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
            yield name
        case ast.Constant(value=str(text)) if text.startswith(FOLDERS):
            yield text
    if isinstance(node, ast.Call):
        yield from (each.arg for each in node.keywords if each.arg in ARGUMENTS)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_uses_nothing_that_only_posix_systems_have(path: Path) -> None:
    assert posix_only(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os\nos.fork()\n", ["2: os.fork"]),
        ("import resource\n", ["1: resource"]),
        ("from signal import SIGKILL\n", ["1: signal.SIGKILL"]),
        ("def f():\n    import fcntl\n", ["2: fcntl"]),
        ("loop.add_signal_handler(2, print)\n", ["1: add_signal_handler"]),
        ("subprocess.Popen(x, start_new_session=True)\n", ["1: start_new_session"]),
        ("open('/dev/null')\n", ["1: /dev/null"]),
        ("try:\n    import resource\nexcept ImportError:\n    resource = None\n", []),
        ("x = os.sysconf(1) if hasattr(os, 'sysconf') else 1\n", []),
        ("def f():\n    if sys.platform == 'win32':\n        return 1\n    return os.getuid()\n", []),
        ("if sys.platform != 'win32':\n    import pwd\n", []),
        ("os.getpid(); os.replace(a, b); signal.SIGTERM; time.monotonic()\n", []),
    ],
)  # fmt: skip
def test_what_is_found(text: str, found: list[str]) -> None:
    assert posix_only(text) == found
