/* Runs before the Swift runtime starts, in programs that link it: see CStart.c. */
#ifndef TABLECAST_CSTART_H
#define TABLECAST_CSTART_H

/* Lets the main thread, and all that it will start, run on every processor again. The first call of `main`. */
void start_restore_processors(void);

#endif
