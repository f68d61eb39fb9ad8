// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lua's functions. A Lua that is compiled as C++ exports them by C++'s names, as Debian 13's does;
// that of Debian 12 exports them by C's names, for which lua.hpp is made. The Makefile looks which.
#pragma once

#ifdef ZINIT_LUA_CXX_NAMES
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#else
#include <lua5.4/lua.hpp>
#endif
