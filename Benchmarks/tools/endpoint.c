// A loopback endpoint that speaks as much of DynamoDB and DynamoDB Streams as a replica needs, from prepared bytes, so that
// what is measured is the client: Scan pages of about 1 MB with any number of segments, and one shard whose records appear at
// a rate that POST /control?rate=N sets. One thread, epoll; every request must fit into one buffer.
//
// endpoint PORT ITEMS      serves a table `bench` of ITEMS items
// endpoint resp ITEMS      writes the same items to standard output as Redis SET commands
#define _GNU_SOURCE
#include "items.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { PAGE_ITEMS = 2300, REQUEST_ROOM = 16384, RECORDS_A_PAGE = 1000 };

#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/bench"
#define STREAM_ARN ARN "/stream/2026-03-01T00:00:00.000"
#define SHARD "shardId-00000001772323200000-00000001"

struct page {
    char *bytes; // Everything before LastEvaluatedKey.
    size_t length;
    unsigned long crc;
    unsigned first, count;
};

struct connection {
    int descriptor;
    size_t have;               // Bytes of the request read so far.
    char request[REQUEST_ROOM];
    struct iovec out[3];       // What is left to write: head, body, tail.
    int waiting;               // Whether `out` holds an unfinished answer.
    char head[512];
    char *tail;                // Owned; room for a page of records.
};

static struct page *pages;
static unsigned page_count, item_count;
static double rate;                       // Records a second.
static unsigned long long published;      // Records there were when the rate was last set.
static unsigned long long rate_since;

static unsigned long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (unsigned long long)time.tv_sec * 1000000000ULL + (unsigned long long)time.tv_nsec;
}

static unsigned long long available(void) { return published + (unsigned long long)(rate * (double)(now() - rate_since) / 1e9); }

static void prepare(void) {
    page_count = (item_count + PAGE_ITEMS - 1) / PAGE_ITEMS;
    pages = calloc(page_count ? page_count : 1, sizeof *pages);
    for (unsigned number = 0; number < page_count; number++) {
        struct page *page = &pages[number];
        page->first = number * PAGE_ITEMS;
        page->count = item_count - page->first < PAGE_ITEMS ? item_count - page->first : PAGE_ITEMS;
        page->bytes = malloc((size_t)page->count * 640 + 256);
        char *at = page->bytes;
        at += sprintf(at, "{\"Count\":%u,\"ScannedCount\":%u,\"Items\":[", page->count, page->count);
        for (unsigned index = 0; index < page->count; index++) {
            if (index) *at++ = ',';
            at += item_dynamodb(at, page->first + index, 0);
        }
        *at++ = ']';
        page->length = (size_t)(at - page->bytes);
        page->bytes = realloc(page->bytes, page->length);
        page->crc = crc32(0, (const unsigned char *)page->bytes, (unsigned)page->length);
    }
}

static unsigned number_after(const char *text, const char *name, unsigned otherwise) {
    const char *found = strstr(text, name);
    if (!found) return otherwise;
    found += strlen(name);
    while (*found == '"' || *found == ':' || *found == ' ') found++;
    return (unsigned)strtoul(found, NULL, 10);
}

static void answer(struct connection *peer, int status, unsigned long crc, const char *body, size_t length, size_t tail) {
    int head = snprintf(peer->head, sizeof peer->head,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-RequestId: 0\r\n"
                        "x-amz-crc32: %lu\r\nContent-Length: %zu\r\n\r\n",
                        status, status == 200 ? "OK" : "Bad Request", crc, length + tail);
    peer->out[0] = (struct iovec){peer->head, (size_t)head};
    peer->out[1] = (struct iovec){(char *)body, length};
    peer->out[2] = (struct iovec){peer->tail, tail};
    peer->waiting = 1;
}

// Answers with what has been written to peer->tail.
static void answer_tail(struct connection *peer, int status, size_t length) {
    answer(peer, status, crc32(0, (const unsigned char *)peer->tail, (unsigned)length), NULL, 0, length);
}

static void scan(struct connection *peer, const char *body) {
    unsigned total = number_after(body, "\"TotalSegments\"", 1), segment = number_after(body, "\"Segment\"", 0);
    unsigned first = (unsigned)((unsigned long long)page_count * segment / total);
    unsigned end = (unsigned)((unsigned long long)page_count * (segment + 1) / total);
    const char *start = strstr(body, "\"ExclusiveStartKey\"");
    unsigned number = start ? number_after(start, "item-", 0) / PAGE_ITEMS + 1 : first;
    if (number >= end) {
        answer_tail(peer, 200, (size_t)sprintf(peer->tail, "{\"Count\":0,\"ScannedCount\":0,\"Items\":[]}"));
        return;
    }
    struct page *page = &pages[number];
    size_t tail;
    if (number + 1 < end)
        tail = (size_t)sprintf(peer->tail, ",\"LastEvaluatedKey\":{\"id\":{\"S\":\"item-%07u\"}}}", page->first + page->count - 1);
    else
        tail = (size_t)sprintf(peer->tail, "}");
    answer(peer, 200, crc32(page->crc, (const unsigned char *)peer->tail, (unsigned)tail), page->bytes, page->length, tail);
}

static void describe_table(struct connection *peer) {
    answer_tail(peer, 200,
                (size_t)sprintf(peer->tail,
                                "{\"Table\":{\"TableName\":\"bench\",\"TableStatus\":\"ACTIVE\",\"TableArn\":\"" ARN "\","
                                "\"TableId\":\"00000000-0000-4000-8000-000000000000\",\"CreationDateTime\":1772323200.0,"
                                "\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],"
                                "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"ItemCount\":%u,"
                                "\"TableSizeBytes\":%llu,\"ProvisionedThroughput\":{\"ReadCapacityUnits\":0,"
                                "\"WriteCapacityUnits\":0},\"StreamSpecification\":{\"StreamEnabled\":true,"
                                "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"},\"LatestStreamArn\":\"" STREAM_ARN "\","
                                "\"LatestStreamLabel\":\"2026-03-01T00:00:00.000\"}}",
                                item_count, (unsigned long long)item_count * 300));
}

static void describe_stream(struct connection *peer, const char *body) {
    // The one shard is always open: asking for its children, or for what follows it, finds nothing.
    const char *shards = strstr(body, "CHILD_SHARDS") || strstr(body, "ExclusiveStartShardId")
                             ? ""
                             : "{\"ShardId\":\"" SHARD "\",\"SequenceNumberRange\":{\"StartingSequenceNumber\":"
                               "\"100000000000000000001\"}}";
    answer_tail(peer, 200,
                (size_t)sprintf(peer->tail,
                                "{\"StreamDescription\":{\"StreamArn\":\"" STREAM_ARN "\",\"StreamLabel\":"
                                "\"2026-03-01T00:00:00.000\",\"StreamStatus\":\"ENABLED\",\"StreamViewType\":"
                                "\"NEW_AND_OLD_IMAGES\",\"CreationRequestDateTime\":1772323200.0,\"TableName\":\"bench\","
                                "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],\"Shards\":[%s]}}",
                                shards));
}

static void get_shard_iterator(struct connection *peer, const char *body) {
    unsigned long long from = 0;
    const char *sequence = strstr(body, "\"SequenceNumber\"");
    if (strstr(body, "\"LATEST\"")) from = available();
    else if (sequence) {
        while (*sequence && (*sequence < '0' || *sequence > '9')) sequence++;
        // Sequence numbers are 100000000 and then the record's number in 15 digits.
        from = strtoull(sequence + 9, NULL, 10) + (strstr(body, "AFTER_SEQUENCE_NUMBER") ? 1 : 0);
    }
    answer_tail(peer, 200, (size_t)sprintf(peer->tail, "{\"ShardIterator\":\"" STREAM_ARN "|1|%llu\"}", from));
}

static void get_records(struct connection *peer, const char *body) {
    const char *iterator = strstr(body, "000|1|");
    unsigned long long next = iterator ? strtoull(iterator + 6, NULL, 10) : 0, end = available(), stamp = now();
    if (end > next + RECORDS_A_PAGE) end = next + RECORDS_A_PAGE;
    char *at = peer->tail;
    at += sprintf(at, "{\"Records\":[");
    for (unsigned long long number = next; number < end; number++) {
        unsigned index = item_count ? (unsigned)(number % item_count) : 0;
        at += sprintf(at,
                      "%s{\"eventID\":\"%032llu\",\"eventName\":\"MODIFY\",\"eventVersion\":\"1.1\",\"eventSource\":"
                      "\"aws:dynamodb\",\"awsRegion\":\"us-east-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":%ld.0,"
                      "\"Keys\":{\"id\":{\"S\":\"item-%07u\"}},\"NewImage\":",
                      number > next ? "," : "", number, (long)time(NULL), index);
        at += item_short(at, index, stamp);
        at += sprintf(at, ",\"OldImage\":");
        at += item_short(at, index, 0);
        at += sprintf(at, ",\"SequenceNumber\":\"100000000%015llu\",\"SizeBytes\":200,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}",
                      number);
    }
    if (end < next) end = next;
    at += sprintf(at, "],\"NextShardIterator\":\"" STREAM_ARN "|1|%llu\"}", end);
    answer_tail(peer, 200, (size_t)(at - peer->tail));
}

static void respond(struct connection *peer, const char *head, const char *body) {
    const char *control = strstr(head, "/control?rate=");
    const char *target = strcasestr(head, "\r\nx-amz-target:");
    if (control && control < head + 16) {
        published = available();
        rate_since = now();
        rate = atof(control + 14);
        answer_tail(peer, 200, (size_t)sprintf(peer->tail, "{}"));
        return;
    }
    target = target ? strchr(target, '.') : NULL;
    target = target ? target + 1 : "";
    if (!strncmp(target, "Scan\r", 5)) scan(peer, body);
    else if (!strncmp(target, "DescribeTable\r", 14)) describe_table(peer);
    else if (!strncmp(target, "DescribeStream\r", 15)) describe_stream(peer, body);
    else if (!strncmp(target, "GetShardIterator\r", 17)) get_shard_iterator(peer, body);
    else if (!strncmp(target, "GetRecords\r", 11)) get_records(peer, body);
    else
        answer_tail(peer, 400,
                    (size_t)sprintf(peer->tail, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ValidationException\","
                                                "\"message\":\"not an operation of this endpoint\"}"));
}

// Writes what is left of the answer; true once all of it is written, false when the socket is full, -1 when it is gone.
static int flush(struct connection *peer) {
    while (peer->waiting) {
        ssize_t wrote = writev(peer->descriptor, peer->out, 3);
        if (wrote < 0) return errno == EAGAIN ? 0 : -1;
        size_t left = (size_t)wrote;
        peer->waiting = 0;
        for (int part = 0; part < 3; part++) {
            size_t taken = left < peer->out[part].iov_len ? left : peer->out[part].iov_len;
            peer->out[part].iov_base = (char *)peer->out[part].iov_base + taken;
            peer->out[part].iov_len -= taken;
            left -= taken;
            if (peer->out[part].iov_len) peer->waiting = 1;
        }
    }
    return 1;
}

// Reads and answers while there is anything; false when the connection has ended.
static int serve(struct connection *peer) {
    for (;;) {
        int flushed = flush(peer);
        if (flushed <= 0) return flushed == 0;
        peer->request[peer->have] = 0;
        char *end = strstr(peer->request, "\r\n\r\n");
        if (end) {
            char *field = strcasestr(peer->request, "\r\ncontent-length:");
            size_t length = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
            size_t whole = (size_t)(end + 4 - peer->request) + length;
            if (whole >= REQUEST_ROOM) return 0;
            if (peer->have >= whole) {
                char after = peer->request[whole];
                peer->request[whole] = 0;
                end[2] = 0;
                respond(peer, peer->request, end + 4);
                peer->request[whole] = after;
                memmove(peer->request, peer->request + whole, peer->have - whole);
                peer->have -= whole;
                continue;
            }
        }
        if (peer->have + 1 >= REQUEST_ROOM) return 0;
        ssize_t got = read(peer->descriptor, peer->request + peer->have, REQUEST_ROOM - 1 - peer->have);
        if (got < 0 && errno == EAGAIN) return 1;
        if (got <= 0) return 0;
        peer->have += (size_t)got;
    }
}

static void listen_and_serve(unsigned short port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("endpoint: cannot listen");
        exit(1);
    }
    int poll = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = NULL});
    puts("ready");
    fflush(stdout);
    struct epoll_event events[256];
    for (;;) {
        int count = epoll_wait(poll, events, 256, -1);
        for (int index = 0; index < count; index++) {
            struct connection *peer = events[index].data.ptr;
            if (!peer) {
                int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (descriptor < 0) continue;
                setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                peer = calloc(1, sizeof *peer);
                peer->descriptor = descriptor;
                peer->tail = malloc((size_t)RECORDS_A_PAGE * 1024);
                epoll_ctl(poll, EPOLL_CTL_ADD, descriptor,
                          &(struct epoll_event){.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.ptr = peer});
            } else if (!serve(peer)) {
                close(peer->descriptor);
                free(peer->tail);
                free(peer);
            }
        }
    }
}

int main(int count, char **arguments) {
    if (count != 3) {
        fputs("usage: endpoint PORT ITEMS | endpoint resp ITEMS\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    item_count = (unsigned)strtoul(arguments[2], NULL, 10);
    rate_since = now();
    if (!strcmp(arguments[1], "resp")) {
        char item[ITEM_ROOM];
        for (unsigned index = 0; index < item_count; index++) {
            size_t length = item_plain(item, index);
            printf("*3\r\n$3\r\nSET\r\n$12\r\nitem-%07u\r\n$%zu\r\n%s\r\n", index, length, item);
        }
        return 0;
    }
    prepare();
    listen_and_serve((unsigned short)atoi(arguments[1]));
}
