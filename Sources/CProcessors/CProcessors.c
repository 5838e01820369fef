#include "CProcessors.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* This runs before a sanitizer's own start as well, so it must contain none of its checks. */
#if defined(__clang__)
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)
#endif

/* A path with its root, and a membership. Longer ones are left out: the groups around them are still looked at. */
enum { PATH_BYTES = 4096, FILE_BYTES = 4096 };

/* Quotas beyond this many thousandths, a million processors, are none. */
static const long most_thousandths = 1000000000;

int processors_allowed(unsigned long mask[PROCESSORS_MASK_WORDS]) {
    size_t size = PROCESSORS_MASK_WORDS * sizeof(unsigned long);
    for (int index = 0; index < PROCESSORS_MASK_WORDS; index++) mask[index] = 0;
    if (syscall(SYS_sched_getaffinity, 0, size, mask) < 0) return 0;
    int count = 0;
    for (int index = 0; index < PROCESSORS_MASK_WORDS; index++) count += __builtin_popcountl(mask[index]);
    return count;
}

int processors_allowed_count(void) {
    unsigned long mask[PROCESSORS_MASK_WORDS];
    return processors_allowed(mask);
}

int processors_allow(const unsigned long mask[PROCESSORS_MASK_WORDS]) {
    return (int)syscall(SYS_sched_setaffinity, 0, PROCESSORS_MASK_WORDS * sizeof(unsigned long), mask);
}

/* A text that is put together piece by piece; `length` is -1 once it did not fit. */
struct path {
    char text[PATH_BYTES];
    int length;
};

static void append(struct path *path, const char *piece, size_t count) {
    if (path->length < 0 || path->length + count >= PATH_BYTES) {
        path->length = -1;
        return;
    }
    for (size_t index = 0; index < count; index++) path->text[path->length + index] = piece[index];
    path->length += (int)count;
    path->text[path->length] = 0;
}

/* Reads the beginning of a file as a text; -1 when there is none. */
static long read_file(const char *path, char text[FILE_BYTES]) {
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    long count = syscall(SYS_read, descriptor, text, FILE_BYTES - 1);
    syscall(SYS_close, descriptor);
    if (count < 0) return -1;
    text[count] = 0;
    return count;
}

/* Reads a number at `*text` and moves behind it; -1 for no number, or one beyond 18 digits. */
static long take_number(const char **text) {
    long number = 0;
    int digits = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (digits >= 18) return -1;
        number = number * 10 + (**text - '0');
    }
    return digits > 0 ? number : -1;
}

/* `quota` microseconds of processor time in each `period`, in thousandths of a processor; 0 for no limit. */
static long thousandths(long quota, long period) {
    if (quota <= 0 || period <= 0 || quota > most_thousandths * 1000) return 0;
    long result = (quota * 1000 + period - 1) / period;
    return result < most_thousandths ? result : 0;
}

/* The quota of one group of version 2: `cpu.max` is "QUOTA PERIOD", or "max PERIOD". */
static long quota_of_second_version(struct path group) {
    char text[FILE_BYTES];
    append(&group, "/cpu.max", 8);
    if (group.length < 0 || read_file(group.text, text) < 0) return 0;
    const char *rest = text;
    long quota = take_number(&rest);
    if (quota < 0 || *rest != ' ') return 0;
    rest++;
    return thousandths(quota, take_number(&rest));
}

/* The quota of one group of version 1; -1 stands for none. */
static long quota_of_first_version(struct path group) {
    char text[FILE_BYTES];
    struct path period_file = group;
    append(&group, "/cpu.cfs_quota_us", 17);
    append(&period_file, "/cpu.cfs_period_us", 18);
    if (group.length < 0 || period_file.length < 0 || read_file(group.text, text) < 0) return 0;
    const char *rest = text;
    long quota = take_number(&rest);
    if (read_file(period_file.text, text) < 0) return 0;
    rest = text;
    return thousandths(quota, take_number(&rest));
}

static void note(long *least, long quota) {
    if (quota > 0 && (*least == 0 || quota < *least)) *least = quota;
}

/* Notes the quotas of the group at `path` below `mount`, and of each group around it. In a container the path may be that of the machine
 * outside, so that only the mount itself is there. */
static void note_groups(
    long *least, const char *root, const char *mount, size_t mount_length, const char *path, size_t length,
    long (*quota)(struct path)
) {
    struct path base = {.length = 0};
    append(&base, root, strlen(root));
    append(&base, "/sys/fs/cgroup", 14);
    append(&base, mount, mount_length);
    note(least, quota(base));
    for (size_t end = 1; end <= length; end++) {
        if (end < length && path[end] != '/') continue;
        if (path[end - 1] == '/') continue;
        struct path group = base;
        append(&group, path, end);
        note(least, quota(group));
    }
}

/* Whether the list `names`, with commas between them, has `cpu`. */
static int has_cpu(const char *names, size_t length) {
    for (size_t start = 0; start < length;) {
        size_t end = start;
        while (end < length && names[end] != ',') end++;
        if (end - start == 3 && names[start] == 'c' && names[start + 1] == 'p' && names[start + 2] == 'u') return 1;
        start = end + 1;
    }
    return 0;
}

/* A line of /proc/self/cgroup: "NUMBER:CONTROLLERS:PATH"; version 2 has no controllers. */
static void note_line(long *least, const char *root, const char *line, size_t length) {
    size_t first = 0;
    while (first < length && line[first] != ':') first++;
    size_t second = first + 1;
    while (second < length && line[second] != ':') second++;
    if (second >= length) return;
    const char *controllers = line + first + 1;
    size_t controllers_length = second - first - 1;
    const char *path = line + second + 1;
    size_t path_length = length - second - 1;
    if (controllers_length == 0) {
        note_groups(least, root, "", 0, path, path_length, quota_of_second_version);
        note_groups(least, root, "/unified", 8, path, path_length, quota_of_second_version);
    } else if (has_cpu(controllers, controllers_length) && controllers_length < 64) {
        char mount[65] = "/";
        for (size_t index = 0; index < controllers_length; index++) mount[index + 1] = controllers[index];
        note_groups(least, root, mount, controllers_length + 1, path, path_length, quota_of_first_version);
        note_groups(least, root, "/cpu", 4, path, path_length, quota_of_first_version);
    }
}

long processors_quota(const char *root) {
    long least = 0;
    char text[FILE_BYTES];
    struct path membership = {.length = 0};
    append(&membership, root, strlen(root));
    append(&membership, "/proc/self/cgroup", 17);
    if (membership.length < 0 || read_file(membership.text, text) < 0) text[0] = 0;
    for (const char *line = text; *line;) {
        size_t length = 0;
        while (line[length] && line[length] != '\n') length++;
        note_line(&least, root, line, length);
        line += length + (line[length] == '\n');
    }
    note_groups(&least, root, "", 0, "", 0, quota_of_second_version);
    note_groups(&least, root, "/cpu", 4, "", 0, quota_of_first_version);
    return least;
}

int processors_usable(int allowed, long quota) {
    long usable = allowed > 0 ? allowed : 1;
    long whole = (quota + 999) / 1000;
    if (quota > 0 && whole < usable) usable = whole;
    return (int)usable;
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
