// The items of the benchmarks: deterministic, 330 bytes as plain JSON, with the mix of types that tables tend to hold.
#ifndef ITEMS_H
#define ITEMS_H

#include <stddef.h>

// Size of every item as plain JSON; the description is padded to reach it.
#define ITEM_BYTES 330
// Room that any item or record fits into.
#define ITEM_ROOM 2048

// Writes item `index` as plain JSON; returns its length, which is ITEM_BYTES.
size_t item_plain(char *out, unsigned index);

// Writes item `index` as DynamoDB JSON. `stamp` is the value of its attribute `t`, nanoseconds of the monotonic clock.
size_t item_dynamodb(char *out, unsigned index, unsigned long long stamp);

// The same item short and with a stamp, for records of the stream.
size_t item_short(char *out, unsigned index, unsigned long long stamp);

#endif
