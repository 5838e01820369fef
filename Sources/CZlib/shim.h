#ifndef TABLECAST_CZLIB_SHIM_H
#define TABLECAST_CZLIB_SHIM_H
#include <zlib.h>
#endif
