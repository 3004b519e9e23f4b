"""Become another program that cannot outlive the one that started it. Run as a script, never imported by the product.

    python -I -S infra/launch.py PARENT SIGNAL ACCOUNT REACH program argument…

PARENT is the starter's process id, SIGNAL what this process gets when the starter dies, ACCOUNT the user to become
("-": stay), REACH "1" to keep the one capability to pass folders that are closed to ACCOUNT. A script rather than a
`preexec_fn`, because code between fork and exec is unsafe as soon as the starter has a thread.
"""

import ctypes
import os
import sys

_SET_DEATH_SIGNAL = 1  # linux/prctl.h
_SET_KEEP_CAPABILITIES = 8
_AMBIENT, _AMBIENT_RAISE = 47, 2
_DAC_OVERRIDE = 1  # linux/capability.h: in the default set of containers, unlike DAC_READ_SEARCH
_CAPABILITY_VERSION_3 = 0x20080522


def _call(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _become(account: str, *, reach: bool) -> None:
    import pwd

    entry = pwd.getpwnam(account)
    libc = ctypes.CDLL(None, use_errno=True) if reach else None
    if libc is not None:
        _call(libc.prctl(_SET_KEEP_CAPABILITIES, 1, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    if libc is not None:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        kept = 1 << _DAC_OVERRIDE
        _call(libc.capset(header, (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)), "capset")
        _call(libc.prctl(_AMBIENT, _AMBIENT_RAISE, _DAC_OVERRIDE, 0, 0), "prctl")


def main() -> None:
    parent, signal, account, reach, *program = sys.argv[1:]
    if account != "-":
        _become(account, reach=reach == "1")
    if sys.platform == "linux":
        # After the change of user, which clears it.
        _call(ctypes.CDLL(None, use_errno=True).prctl(_SET_DEATH_SIGNAL, int(signal), 0, 0, 0), "prctl")
        if os.getppid() != int(parent):
            raise SystemExit(1)  # the starter died before it could be watched
    os.execv(program[0], program)  # noqa: S606 - becoming it is the point


if __name__ == "__main__":
    main()
