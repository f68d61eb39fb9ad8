// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// {fmt}, in one place. Its implementation is compiled once, in format.cpp: Debian's libfmt-dev has
// no static library, and as headers it costs each source that formats 3 to 4 s of compiling.
#pragma once

#include <fmt/core.h>
