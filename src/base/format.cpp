// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The implementation of {fmt}: its functions, and instances of the templates that fmt/core.h only
// declares. If zinit uses another instance, the linker reports an undefined reference: add the
// instance at the end of this file.
#include "base/format.hpp"

#include <fmt/format-inl.h>

template void fmt::detail::buffer<char>::append(const char*, const char*);
template void fmt::detail::vformat_to(buffer<char>&, fmt::string_view,
                                      basic_format_args<fmt::format_context>, locale_ref);
template char fmt::detail::decimal_point_impl(locale_ref);
template fmt::detail::thousands_sep_result<char> fmt::detail::thousands_sep_impl(locale_ref);
