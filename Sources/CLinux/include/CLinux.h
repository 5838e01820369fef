/* What Glibc's Swift module lacks: epoll, eventfd, accept4, pipe2, prctl, mallopt. Only forwarding, no logic. */
#ifndef TABLECAST_CLINUX_H
#define TABLECAST_CLINUX_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Declared by hand: _GNU_SOURCE would change types that other modules share, such as fd_set. */
#ifndef __USE_GNU
int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
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

int linux_epoll_create(void);
int linux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int linux_epoll_modify(int epoll, int descriptor, uint32_t events, uint64_t token);
int linux_epoll_remove(int epoll, int descriptor);

/* Waits for at most 256 events. */
int linux_epoll_wait(int epoll, struct linux_readiness *ready, int capacity, int milliseconds);
int linux_eventfd(void);
int linux_accept(int listener, struct sockaddr_storage *address, socklen_t *length);
int linux_stream_socket(int family);

/* Never raises SIGPIPE. */
ssize_t linux_send(int descriptor, const void *bytes, size_t count);

/* Never raises SIGPIPE. */
ssize_t linux_send_pieces(int descriptor, struct iovec *pieces, size_t count);

/* The process leaves no core, and other processes of its user see neither its memory nor its environment (prctl, PR_SET_DUMPABLE). */
int linux_forbid_dumps(void);

/* The C library keeps at most so many arenas. Returns 1, or 0 when it refuses. */
int linux_limit_arenas(int count);

/* Gives freed memory back to the system. Returns 1 when some was given back. */
int linux_release_memory(void);

/* Bytes of the heap, of all arenas and of mappings of their own, that are allocated and not freed. */
size_t linux_heap_in_use(void);
int linux_set_option(int descriptor, int level, int option, int value);

/* A pipe whose ends no program inherits that this process starts. */
int linux_pipe(int ends[2]);

/* The program that is started has no descriptor from `first` on. */
int linux_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/* The next close sends RST and drops what was not yet sent. */
int linux_reset_on_close(int descriptor);

#endif
