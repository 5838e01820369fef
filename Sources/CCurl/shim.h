#ifndef TABLECAST_CCURL_SHIM_H
#define TABLECAST_CCURL_SHIM_H
#include <curl/curl.h>
#endif
