"""Other audit packages beside ours, in one run.

Each runs in a process of its own, for some patch all of Django. The models that they audit stand in the apps
`with_…`, one for each package, set up as its README says.
"""
