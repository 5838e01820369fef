// Publishes messages to a channel by HTTP POST over kept-alive connections, one request at a time on each.
//
// publisher PORT PATH BYTES RATE SECONDS CONNECTIONS
//
// Each message is a JSON object of BYTES bytes with a stamp `"t":NANOSECONDS`. RATE is in messages a second over all
// connections; 0 publishes as fast as the server answers. Prints "published N".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 8192, MOST_CONNECTIONS = 64 };

static unsigned long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (unsigned long long)time.tv_sec * 1000000000ULL + (unsigned long long)time.tv_nsec;
}

static void publish(int descriptor, unsigned short port, const char *path, int bytes) {
    char message[ROOM], body[ROOM];
    int head = sprintf(body, "{\"t\":%llu,\"text\":\"", now());
    memset(body + head, 'x', (size_t)(bytes - head - 2));
    memcpy(body + bytes - 2, "\"}", 3);
    int length = snprintf(message, sizeof message,
                          "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                          path, port, bytes, body);
    if (write(descriptor, message, (size_t)length) != length) {
        perror("publisher: cannot write");
        exit(1);
    }
}

int main(int count, char **arguments) {
    if (count != 7) {
        fputs("usage: publisher PORT PATH BYTES RATE SECONDS CONNECTIONS\n", stderr);
        return 2;
    }
    unsigned short port = (unsigned short)atoi(arguments[1]);
    const char *path = arguments[2];
    int bytes = atoi(arguments[3]), connections = atoi(arguments[6]), yes = 1;
    double rate = atof(arguments[4]);
    struct pollfd polled[MOST_CONNECTIONS];
    if (connections > MOST_CONNECTIONS || bytes > ROOM / 2 || bytes < 64) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int index = 0; index < connections; index++) {
        int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(descriptor, (struct sockaddr *)&address, sizeof address)) {
            perror("publisher: cannot connect");
            return 1;
        }
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        polled[index] = (struct pollfd){.fd = descriptor, .events = POLLIN};
    }
    unsigned long long start = now(), end = start + (unsigned long long)(atof(arguments[5]) * 1e9), sent = 0, idle = 0;
    int busy[MOST_CONNECTIONS] = {0};
    while (now() < end) {
        idle = 0;
        for (int index = 0; index < connections; index++) {
            if (busy[index]) continue;
            if (rate > 0 && (double)sent >= (double)(now() - start) / 1e9 * rate) {
                idle = 1;
                break;
            }
            publish(polled[index].fd, port, path, bytes);
            busy[index] = 1;
            sent++;
        }
        // Nothing due: look again in a millisecond. Otherwise wait for an answer.
        poll(polled, (nfds_t)connections, idle ? 1 : 100);
        for (int index = 0; index < connections; index++) {
            if (!(polled[index].revents & POLLIN)) continue;
            char answer[ROOM];
            if (read(polled[index].fd, answer, sizeof answer) <= 0) {
                fputs("publisher: the server closed the connection\n", stderr);
                return 1;
            }
            busy[index] = 0;
        }
    }
    printf("published %llu\n", sent);
    return 0;
}
