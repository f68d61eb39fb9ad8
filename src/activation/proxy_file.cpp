// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Chooses the place of a proxy's file. See proxy_file.hpp.
#include "activation/proxy_file.hpp"

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/proxy_reader.hpp"
#include "files/service_file.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

namespace {

/// Whether the path is free, or holds a file of the same proxy.
bool may_write(const std::string& path, const std::string& name) {
  if (!path_exists(path)) return true;
  const ParsedSpec parsed = read_spec({path});
  return parsed.proxy && !has_error(parsed.diagnostics, false) && parsed.proxy->name == name;
}

RequestResult<std::string> place_of(const ProxySpec& spec, const Places& places) {
  if (!spec.file.empty()) {
    const std::string own = own_place_of(spec.file);
    if (own == spec.file || !path_exists(own)) return own;
    return refused(Refusal::already_exists,
                   fmt::format("{} already exists, and {} was not read from it", own, spec.name));
  }
  if (places.added.empty())
    return refused(Refusal::file_error, "zinit reads no directory of services");
  const std::string stem = joined_path(places.added, spec.name);
  for (const char* const suffix : {".toml", ".proxy.toml"})
    if (may_write(stem + suffix, spec.name)) return stem + suffix;
  return refused(
      Refusal::already_exists,
      fmt::format("{}.toml and {}.proxy.toml already exist, and {} was read from neither", stem,
                  stem, spec.name));
}

}  // namespace

RequestResult<void> write_proxy_file(ProxySpec& spec, const Places& places) {
  auto place = place_of(spec, places);
  if (!place) return tl::unexpected(place.error());
  auto written = write_config_file(*place, proxy_text(spec));
  if (!written) return written;
  spec.vendors = false;
  spec.file = *std::move(place);
  return {};
}

}  // namespace zinit
