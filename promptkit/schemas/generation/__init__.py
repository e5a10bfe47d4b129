"""Valid values from any JSON Schema: made by construction from its keywords, replayable, shrinkable, always checked.

What cannot be made is refused with the place and the reason, and with the word whether that is certain.
"""
