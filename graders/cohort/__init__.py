"""Many submissions: grading them, storing what came of it, comparing regrades."""

# Whoever grades many submissions in one process registers its servers with pytest under this name.
LENT_SERVERS = "optgrade-servers"
