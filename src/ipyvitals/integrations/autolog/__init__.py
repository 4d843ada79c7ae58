"""Reports training in known frameworks without a line in the user's code.

Comes in: a call of `autolog`. Goes out: calls of frameworks get the adapter a user would pass.
While autolog is on, functions of other packages that train are replaced by wrappers, and put back
exactly when it ends; no other room replaces anything of another package. `controller.py` turns it
on and off, `import_hooks.py` waits for imports, `replacer.py` replaces and restores, `calls.py` is
around each call, `frameworks.py` is the table of functions, and `insertion.py` has the ways in
which a framework takes a callback. The room takes the lock autolog.
"""

from ipyvitals.integrations.autolog.controller import autolog

__all__ = ["autolog"]
