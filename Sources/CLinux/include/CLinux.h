/* What Glibc's Swift module lacks: epoll, eventfd, accept4. Only forwarding, no logic. */
#ifndef TABLECAST_CLINUX_H
#define TABLECAST_CLINUX_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Declared by hand: _GNU_SOURCE would change types that other modules share, such as fd_set. */
#ifndef __USE_GNU
int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
#endif

/* struct epoll_event without its packing, which differs between architectures. */
struct linux_readiness {
    uint64_t token;
    uint32_t events;
};

enum {
    LINUX_READABLE = EPOLLIN,
    LINUX_WRITABLE = EPOLLOUT,
    LINUX_PEER_CLOSED = EPOLLRDHUP,
    LINUX_HANG_UP = EPOLLHUP,
    LINUX_FAILED = EPOLLERR,
};

static inline int linux_epoll_create(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

static inline int linux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int linux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

static inline int linux_epoll_remove(int epoll, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}

/* Waits for at most 256 events. */
static inline int linux_epoll_wait(int epoll, struct linux_readiness *ready, int capacity, int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, capacity < 256 ? capacity : 256, milliseconds);
    for (int index = 0; index < count; index++) {
        ready[index].token = events[index].data.u64;
        ready[index].events = events[index].events;
    }
    return count;
}

static inline int linux_eventfd(void) {
    return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static inline int linux_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static inline int linux_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Never raises SIGPIPE. */
static inline ssize_t linux_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL);
}

/* Never raises SIGPIPE. */
static inline ssize_t linux_send_pieces(int descriptor, struct iovec *pieces, size_t count) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

static inline int linux_set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

/* The next close sends RST and drops what was not yet sent. */
static inline int linux_reset_on_close(int descriptor) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

#endif
