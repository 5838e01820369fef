// Opens N Server-Sent Events streams and counts the events that arrive: the same program for every server, so that the
// client's cost is the same on both sides. An event is known by its stamp, `"t":NANOSECONDS` (or `"t":{"N":"NANOSECONDS`).
//
// subscribers PORT PATH N SECONDS
//
// Prints "connected N" when every stream has answered, then waits for a line on standard input, counts for SECONDS, and prints
// "events TOTAL seconds S bytes B p50_us X p99_us Y closed Z". One thread, epoll.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CARRY = 40, BUFFER = 262144, SAMPLES = 1 << 22, CONNECT_SECONDS = 60 };

struct stream {
    int descriptor;
    int answered;      // Whether the response's head has been seen.
    int carried;       // Bytes of the last read kept because a stamp may go on after them.
    char carry[CARRY];
};

static char buffer[CARRY + BUFFER + 1];
static unsigned samples[SAMPLES]; // Latencies in microseconds; when full, further events are counted and not sampled.
static size_t sampled;
static unsigned long long events, bytes;
static int counting, closed;

static unsigned long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (unsigned long long)time.tv_sec * 1000000000ULL + (unsigned long long)time.tv_nsec;
}

// Counts the stamps in what has arrived, and keeps the rest of the buffer for the next read.
static void count_events(struct stream *stream, size_t length, unsigned long long arrived) {
    char *at = buffer, *end = buffer + length;
    for (;;) {
        char *found = memmem(at, (size_t)(end - at), "\"t\":", 4);
        if (!found) break;
        if (end - found < CARRY) {
            at = found;
            break;
        }
        char *digits = found + 4;
        while (*digits == '{' || *digits == '"' || *digits == 'N' || *digits == ':') digits++;
        unsigned long long stamp = strtoull(digits, NULL, 10);
        at = found + 4;
        // Items that were there before the first publication carry no stamp.
        if (!counting || stamp == 0) continue;
        events++;
        if (sampled < SAMPLES && arrived > stamp) samples[sampled++] = (unsigned)((arrived - stamp) / 1000);
    }
    size_t rest = (size_t)(end - at);
    if (rest >= CARRY) {
        at = end - 3;
        rest = 3;
    }
    memcpy(stream->carry, at, rest);
    stream->carried = (int)rest;
}

// Reads once; level-triggered, so that no stream starves another. False when the stream has ended.
static int receive(struct stream *stream) {
    memcpy(buffer, stream->carry, (size_t)stream->carried);
    ssize_t got = read(stream->descriptor, buffer + stream->carried, BUFFER);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
    if (got <= 0) return 0;
    if (counting) bytes += (unsigned long long)got;
    size_t length = (size_t)stream->carried + (size_t)got;
    buffer[length] = 0;
    if (!stream->answered) {
        if (length >= 12 && memcmp(buffer, "HTTP/1.1 200", 12)) {
            fprintf(stderr, "subscribers: refused: %.60s\n", buffer);
            exit(1);
        }
        stream->answered = 1;
    }
    count_events(stream, length, now());
    return 1;
}

static int compare(const void *left, const void *right) {
    unsigned first = *(const unsigned *)left, second = *(const unsigned *)right;
    return first < second ? -1 : first > second;
}

// Handles what is ready until the deadline, or until `until` streams have answered.
static void run(int poll, struct stream *streams, int count, unsigned long long deadline, int until) {
    struct epoll_event ready[512];
    int answered = 0;
    for (int index = 0; index < count; index++) answered += streams[index].answered;
    while (now() < deadline && (until == 0 || answered < until)) {
        int found = epoll_wait(poll, ready, 512, 20);
        for (int index = 0; index < found; index++) {
            if (ready[index].data.ptr == NULL) return;
            struct stream *stream = ready[index].data.ptr;
            int before = stream->answered;
            if (!receive(stream)) {
                epoll_ctl(poll, EPOLL_CTL_DEL, stream->descriptor, NULL);
                close(stream->descriptor);
                closed++;
            }
            answered += stream->answered - before;
        }
    }
}

static void connect_all(int poll, struct stream *streams, int count, unsigned short port, const char *path) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[1024];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: text/event-stream\r\n\r\n",
                          path, port);
    for (int index = 0; index < count; index++) {
        struct stream *stream = &streams[index];
        stream->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (stream->descriptor < 0 || connect(stream->descriptor, (struct sockaddr *)&address, sizeof address) ||
            write(stream->descriptor, request, (size_t)length) != length) {
            perror("subscribers: cannot connect");
            exit(1);
        }
        fcntl(stream->descriptor, F_SETFL, O_NONBLOCK);
        epoll_ctl(poll, EPOLL_CTL_ADD, stream->descriptor, &(struct epoll_event){.events = EPOLLIN, .data.ptr = stream});
        // Give the server its turn, so that its backlog is never what is measured.
        if (index % 100 == 99) run(poll, streams, index + 1, now() + 2000000000ULL, index + 1);
    }
}

int main(int count, char **arguments) {
    if (count != 5) {
        fputs("usage: subscribers PORT PATH N SECONDS\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int streams_wanted = atoi(arguments[3]);
    double seconds = atof(arguments[4]);
    struct stream *streams = calloc((size_t)streams_wanted, sizeof *streams);
    int poll = epoll_create1(EPOLL_CLOEXEC);

    connect_all(poll, streams, streams_wanted, (unsigned short)atoi(arguments[1]), arguments[2]);
    run(poll, streams, streams_wanted, now() + CONNECT_SECONDS * 1000000000ULL, streams_wanted);
    int answered = 0;
    for (int index = 0; index < streams_wanted; index++) answered += streams[index].answered;
    printf("connected %d\n", answered);
    fflush(stdout);

    // Until told to count, go on reading: what the server sends first must not pile up.
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    run(poll, streams, streams_wanted, now() + 120000000000ULL, 0);
    epoll_ctl(poll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);

    counting = 1;
    unsigned long long start = now();
    run(poll, streams, streams_wanted, start + (unsigned long long)(seconds * 1e9), 0);
    double took = (double)(now() - start) / 1e9;
    qsort(samples, sampled, sizeof *samples, compare);
    printf("events %llu seconds %.3f bytes %llu p50_us %u p99_us %u closed %d\n", events, took, bytes,
           sampled ? samples[sampled / 2] : 0, sampled ? samples[sampled * 99 / 100] : 0, closed);
    return 0;
}
