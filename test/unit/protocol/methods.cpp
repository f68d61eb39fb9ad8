// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// libzinit has a typed method for each method of the server, and no others.
#include "control/methods.hpp"
#include "base/fd.hpp"
#include "support/test.hpp"

namespace zinit::test::protocol_methods {
namespace {

/// Whether `text` is a method's name: "service.status_full".
bool is_method_name(std::string_view text) {
  const auto dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string_view::npos;
}

/// The names of methods among the string literals of a source.
std::set<std::string> methods_in(const std::string& source) {
  std::set<std::string> names;
  for (std::size_t at = 0; (at = source.find('"', at)) != std::string::npos;) {
    const auto end = source.find('"', at + 1);
    if (end == std::string::npos) break;
    const std::string literal = source.substr(at + 1, end - at - 1);
    if (is_method_name(literal)) names.insert(literal);
    at = end + 1;
  }
  return names;
}

TEST_CASE("libzinit calls the methods that the server has, by their names", "[client]") {
  std::set<std::string> called;
  for (const char* name : {"requests.cpp", "client.cpp", "async_client.cpp"}) {
    const std::string path = std::string("src/client/libzinit/") + name;
    const auto source = read_file(path.c_str(), 1 << 20);
    REQUIRE(source);
    called.merge(methods_in(*source));
  }
  std::set<std::string> known;
  for (const Method& method : all_methods()) known.emplace(method.name);
  known.erase("rpc.discover");  // for programs that generate clients
  CHECK(called == known);
}

}  // namespace
}  // namespace zinit::test::protocol_methods
