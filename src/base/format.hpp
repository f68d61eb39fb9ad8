// {fmt}, header only (Debian's libfmt-dev has no static library), in one place.
#pragma once

#ifndef FMT_HEADER_ONLY
#define FMT_HEADER_ONLY
#endif
#include <fmt/core.h>
