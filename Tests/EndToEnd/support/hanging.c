/* Preloaded into the program: while the file HANG_WHILE exists, calls that touch a path below HANG_BELOW do not return, as those to a
 * volume whose server has gone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Past the functions below. */
static int exists(const char *path) { return syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

static void hold(const char *path) {
    const char *below = getenv("HANG_BELOW"), *marker = getenv("HANG_WHILE");
    if (!path || !below || !marker || strncmp(path, below, strlen(below)) != 0) return;
    struct timespec pause = {0, 10 * 1000 * 1000};
    while (exists(marker)) nanosleep(&pause, NULL);
}

static void hold_descriptor(int descriptor) {
    char link[] = "/proc/self/fd/          ", path[4096];
    char *end = link + strlen("/proc/self/fd/"), digits[12];
    int count = 0;
    if (descriptor < 0) return;
    do digits[count++] = (char)('0' + descriptor % 10);
    while (descriptor /= 10);
    while (count) *end++ = digits[--count];
    *end = 0;
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return;
    path[length] = 0;
    hold(path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                      \
    int name(const char *path, int flags, ...) {                        \
        mode_t mode = 0;                                                \
        if (flags & O_CREAT) {                                          \
            va_list more;                                               \
            va_start(more, flags);                                      \
            mode = va_arg(more, mode_t);                                \
            va_end(more);                                               \
        }                                                               \
        hold(path);                                                     \
        return NEXT(name)(path, flags, mode);                           \
    }
OPEN(open)
OPEN(open64)

int stat(const char *path, struct stat *found) {
    hold(path);
    return NEXT(stat)(path, found);
}

int stat64(const char *path, struct stat64 *found) {
    hold(path);
    return NEXT(stat64)(path, found);
}

#define ON_DESCRIPTOR(result, name, parameters, arguments) \
    result name parameters {                               \
        hold_descriptor(descriptor);                       \
        return NEXT(name) arguments;                       \
    }
ON_DESCRIPTOR(int, fsync, (int descriptor), (descriptor))
ON_DESCRIPTOR(int, fdatasync, (int descriptor), (descriptor))
ON_DESCRIPTOR(ssize_t, read, (int descriptor, void *bytes, size_t count), (descriptor, bytes, count))
ON_DESCRIPTOR(ssize_t, pread, (int descriptor, void *bytes, size_t count, off_t at), (descriptor, bytes, count, at))
ON_DESCRIPTOR(ssize_t, pread64, (int descriptor, void *bytes, size_t count, off64_t at), (descriptor, bytes, count, at))
ON_DESCRIPTOR(ssize_t, pwrite, (int descriptor, const void *bytes, size_t count, off_t at), (descriptor, bytes, count, at))
ON_DESCRIPTOR(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t count, off64_t at), (descriptor, bytes, count, at))
