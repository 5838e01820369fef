/* The processors that this process may use: those that it is allowed to run on, and the quotas of its control group and of the groups
 * around it. C, because it is read before the Swift runtime starts (CStart). It allocates nothing and takes no lock. */
#ifndef TABLECAST_CPROCESSORS_H
#define TABLECAST_CPROCESSORS_H

enum {
    /* Words of a mask: 8,192 processors, as many as Linux supports. */
    PROCESSORS_MASK_WORDS = 8192 / (8 * sizeof(unsigned long)),
};

/* Fills `mask` with the processors that the calling thread may run on, and returns how many there are; 0 when the
 * kernel does not say. */
int processors_allowed(unsigned long mask[PROCESSORS_MASK_WORDS]);

/* How many there are; 0 when the kernel does not say. */
int processors_allowed_count(void);

/* Lets the calling thread, and those that it will start, run on the processors of `mask` only. Returns 0, or -1. */
int processors_allow(const unsigned long mask[PROCESSORS_MASK_WORDS]);

/* The least quota that holds for this process, in thousandths of a processor; 0 where none does. `root` comes before the path of every
 * file; it is empty but for tests. A file that is missing or malformed is no limit. */
long processors_quota(const char *root);

/* The whole processors that are of use: the quota rounded up, `allowed` at most, one at least. */
int processors_usable(int allowed, long quota);

#endif
