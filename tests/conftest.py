"""What every test of ours may use."""

import signal

pytest_plugins = ["pytester"]

# A shell ignores these in what it starts in the background, and so would every child of a
# test: what is proved about an end by a signal would be the shell's.
for each, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(each) is signal.SIG_IGN:
        signal.signal(each, default)
