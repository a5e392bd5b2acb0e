"""Django's signals made visible: which there are, who hears them, and what happens when one is sent.

* `named` knows the signals by their names,
* `seams` reads and intercepts what Django keeps private about them,
* `watching` has watchers told of every send.

It depends on nothing but Django, and knows nothing of the audit log.
"""
