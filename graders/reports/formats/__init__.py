"""The scorecard in the formats that other programs read: a module a format, each a pure function of scorecards.

Points are in the same cents in all of them. What could not be graded (``unscored``) is in none of them a zero: formats
that carry a mark refuse such a scorecard with :class:`graders.core.errors.Unscored`, sheets leave its row as it was.
"""
