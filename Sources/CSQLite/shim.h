#ifndef TABLECAST_CSQLITE_SHIM_H
#define TABLECAST_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
