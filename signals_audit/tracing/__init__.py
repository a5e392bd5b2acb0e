"""Django's signals made visible: which there are, who hears them, and what happens when one is sent.

* `named` knows the signals by their names, `receivers` names who hears them, `origins` who connected those,
* `maps`, with `lines`, `findings` and `lives`, is the signal map, and `reports` writes it down,
* `seams` reads and intercepts what Django keeps private, `watching` has watchers told of every send,
* `traces`, with `recording`, `sends` and `cycles`, tells what a block of code sent,
* `statistics`, with `figures` and `durations`, measures receivers, `loops` looks for signals that are sent
  within themselves; `policy` says what is wanted of both, and `switching` turns them on and off.

It depends on nothing but Django and the settings, and knows nothing of the audit log.
"""
