// The implementation of {fmt}: its own functions, and those of its templates that fmt/core.h only
// declares and we use. A use of another shows as an undefined reference; it goes to the end of
// this.
#include "base/format.hpp"

#include <fmt/format-inl.h>

template void fmt::detail::buffer<char>::append(const char*, const char*);
template void fmt::detail::vformat_to(buffer<char>&, fmt::string_view,
                                      basic_format_args<fmt::format_context>, locale_ref);
template char fmt::detail::decimal_point_impl(locale_ref);
template fmt::detail::thousands_sep_result<char> fmt::detail::thousands_sep_impl(locale_ref);
