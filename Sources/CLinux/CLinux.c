#include "CLinux.h"

#include <fcntl.h>
#include <malloc.h>

#define TEXT(value) #value
#define NUMBER(value) TEXT(value)

/* What scripts/audit finds in the program: the level at which the C library checks the calls of this file. */
__attribute__((used, retain)) const char tablecast_fortify_level[] = "tablecast: FORTIFY_SOURCE=" NUMBER(__USE_FORTIFY_LEVEL);

/* Here and not `static inline` in the header: Swift compiles a header's functions without those checks. */
int linux_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int linux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int linux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

int linux_epoll_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

/* Waits for at most 256 events. */
int linux_epoll_wait(int epoll, struct linux_readiness *ready, int capacity, int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, capacity < 256 ? capacity : 256, milliseconds);
    for (int index = 0; index < count; index++) {
        ready[index].token = events[index].data.u64;
        ready[index].events = events[index].events;
    }
    return count;
}

int linux_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int linux_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int linux_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Never raises SIGPIPE. */
ssize_t linux_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL);
}

/* Never raises SIGPIPE. */
ssize_t linux_send_pieces(int descriptor, struct iovec *pieces, size_t count) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

int linux_forbid_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int linux_limit_arenas(int count) {
    return mallopt(M_ARENA_MAX, count);
}

int linux_release_memory(void) {
    return malloc_trim(0);
}

size_t linux_heap_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

int linux_set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

/* The next close sends RST and drops what was not yet sent. */
int linux_reset_on_close(int descriptor) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

int linux_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

int linux_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
