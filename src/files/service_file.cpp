// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of services that clients add and remove.
#include "files/service_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/directory.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

namespace {

/// The target of a symbolic link: zinit writes the target, and the link stays.
std::string behind_links(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? std::string(real) : path;
}

/// The loaded service of that name; null: none loaded.
SpecPtr loaded(const Graph& graph, std::string_view name) {
  const Slot slot = graph.find_loaded(name);
  return slot == kNoSlot ? nullptr : graph.node(slot).spec;
}

/// Whether the file, which is not loaded, would define a service of that name.
bool is_file_of(const std::string& path, const std::string& name) {
  const ParsedSpec parsed = read_spec({path});
  return !parsed.proxy && !has_error(parsed.diagnostics, false) && parsed.spec->name == name;
}

class ServiceMaker {
 public:
  ServiceMaker(const SetService& request, const Places& places, const ServiceDefaults& defaults,
               const Graph& graph)
      : request_(request), places_(places), defaults_(defaults), graph_(graph) {}

  RequestResult<NewService> make() {
    const Value& document = request_.config;
    ParsedSpec parsed = spec_from_document(document, false, defaults_);
    if (auto fault = fault_of(parsed)) return tl::unexpected(*std::move(fault));
    const std::string name = parsed.spec->name;
    before_ = loaded(graph_, name);
    if (auto fault = fault_of_name(name)) return tl::unexpected(*std::move(fault));
    if (!request_.persist) return at_runtime(document);
    if (auto fault = choose_place(name)) return tl::unexpected(*std::move(fault));
    return with_file(document, name);
  }

 private:
  /// Strict, like `zinitctl check`: an unknown key is an error. The text is not in a file yet.
  [[nodiscard]] std::optional<RequestFailure> fault_of(ParsedSpec& parsed) const {
    if (!has_error(parsed.diagnostics, true)) return std::nullopt;
    RequestFailure failure{Refusal::config_error, {}, {}};
    for (Diagnostic& one : parsed.diagnostics) {
      if (one.severity == Severity::unknown) one.severity = Severity::error;
      if (one.file == place_) one.file.clear();
      failure.details.push_back(to_text(one));
      if (one.severity == Severity::error && failure.text.empty()) failure.text = to_text(one);
    }
    failure.text = "the config is wrong: " + failure.text;
    return failure;
  }

  std::optional<RequestFailure> fault_of_name(const std::string& name) const {
    // The mask may have been removed without a reload.
    if (const std::string* link = graph_.masked_by(name); link != nullptr && is_mask(*link)) {
      return RequestFailure{Refusal::invalid_state,
                            fmt::format("{} is masked by {}; `zinitctl unmask {}` removes the mask",
                                        name, *link, graph_.masked_as(name))};
    }
    if (before_ && before_->inherit_streams) {
      return RequestFailure{
          Refusal::already_exists,
          fmt::format("{} is the name of the command on zinit's command line", name)};
    }
    return std::nullopt;
  }

  /// A runtime service keeps the path of the service that it replaces: a reload restores that one.
  NewService at_runtime(const Value& document) const {
    NewService made;
    const bool system_class = before_ && before_->system_class_default;
    const auto parsed = spec_from_document(document, system_class, defaults_);
    // A service that replaces an instance of a template is no longer an instance.
    if (before_ && !before_->is_instance()) {
      parsed.spec->file = before_->file;
      parsed.spec->drop_ins = before_->drop_ins;
      parsed.spec->identities = before_->identities;
      parsed.spec->vendors = before_->vendors;
      if (const SpecPtr& newer = before_->findings->refused)
        parsed.spec->findings.edit().refused = newer;
    }
    parsed.spec->runtime = parsed.spec->file.empty();
    (void)finish(parsed);
    made.spec = parsed.spec;
    return made;
  }

  std::optional<RequestFailure> choose_place(const std::string& name) {
    if (before_ && !before_->own_file().empty()) {
      place_ = own_place_of(before_->own_file());
      if (place_ == before_->own_file() || !path_exists(place_)) return std::nullopt;
    } else if (places_.added.empty()) {
      return RequestFailure{Refusal::file_error, "no directory of services is read"};
    } else {
      place_ = joined_path(places_.added, name + ".toml");
      if (!path_exists(place_) || is_file_of(place_, name)) return std::nullopt;
    }
    return RequestFailure{
        Refusal::already_exists,
        fmt::format("{} is there already, and {} was not read from it", place_, name)};
  }

  RequestResult<NewService> with_file(const Value& document, const std::string& name) const {
    NewService made;
    made.place = place_;
    made.replaces_link = before_ && before_->is_instance();
    made.text = to_toml(document);
    Listing listing;
    list_file(place_, before_ && before_->system_class_default, listing);
    SourceFile& source = listing.files.front();
    source.instance.clear();  // the new file replaces the link that made an instance
    ParsedSpec parsed = read_spec(source, defaults_, [&](const std::string& path) {
      return path == place_ ? Result<std::string>(made.text) : read_from_disk(path);
    });
    if (auto fault = fault_of(parsed)) return tl::unexpected(*std::move(fault));
    if (parsed.spec->name != name) {
      return refused(Refusal::config_error,
                     fmt::format("a drop-in of {} names it {}", place_, parsed.spec->name));
    }
    for (const std::string& drop_in : source.drop_ins)
      made.warnings.push_back(fmt::format("{} is a drop-in that changes {}", drop_in, place_));
    (void)finish(parsed);
    made.spec = parsed.spec;
    return made;
  }

  const SetService& request_;
  const Places& places_;
  const ServiceDefaults& defaults_;
  const Graph& graph_;
  SpecPtr before_;  // the service to replace; null: a new name
  std::string place_;
};

void tell_remark(const std::string& path, const Remark& remark) {
  if (!remark.empty()) log_warn("{}: {}", path, remark);
}

/// Removes the drop-in that enable and disable write: it has no use without the service's file.
void remove_own_drop_in(const std::string& file) {
  const std::string folder = file + ".d";
  (void)remove_file(fmt::format("{}/{}", folder, kStatusDropIn));
  ::rmdir(folder.c_str());  // fails if the folder is not empty
}

}  // namespace

RequestResult<NewService> make_service(const SetService& request, const Places& places,
                                       const ServiceDefaults& defaults, const Graph& graph) {
  return ServiceMaker(request, places, defaults, graph).make();
}

RequestResult<void> write_config_file(const std::string& path, const std::string& text,
                                      bool replaces_link) {
  const std::string place = replaces_link ? path : behind_links(path);
  struct stat status {};
  const bool there = !replaces_link && ::stat(place.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode)) {
    return refused(
        Refusal::already_exists,
        fmt::format(
            "{} is no longer a regular file; a reload will remove the service that it described",
            path));
  }
  const auto made = make_directories(folder_of(place), 0755);
  if (!made) return refused(Refusal::file_error, made.error().text + "; nothing was changed");
  const auto done = replace_file(place, text, there ? owner_of(status) : FileOwner{});
  if (!done) return refused(Refusal::file_error, done.error().text + "; nothing was changed");
  tell_remark(place, *done);
  return {};
}

RequestResult<void> write_service_file(NewService& service) {
  if (service.place.empty()) return {};
  auto written = write_config_file(service.place, service.text, service.replaces_link);
  if (written) service.spec->identities.front() = identity_of(service.place);
  return written;
}

RequestResult<std::string> remove_service_file(const DeleteService& request, const Graph& graph) {
  const SpecPtr spec = loaded(graph, request.name);
  if (!spec || !request.persist || spec->own_file().empty()) return std::string();
  return remove_config_file(spec->own_file(), request.name);
}

RequestResult<std::string> remove_config_file(const std::string& file, const std::string& name) {
  const std::string own = own_place_of(file);
  const auto slash = own.rfind('/');
  const std::string vendors = vendor_of(own.substr(0, slash));
  if (own != file && path_exists(own)) {
    return refused(Refusal::already_exists,
                   fmt::format("{} is there already, and {} was not read from it", own, name));
  }
  const bool masks = own != file || (!vendors.empty() && path_exists(vendors + own.substr(slash)));
  Result<Remark> done;
  if (masks) {
    const auto made = make_directories(own.substr(0, slash), 0755);
    done = made ? make_link("/dev/null", own, true) : Failure(made.error());
  } else if (path_exists(own)) {
    done = remove_file(own);
  }
  if (!done) return refused(Refusal::file_error, done.error().text + "; the file was not removed");
  tell_remark(own, *done);
  remove_own_drop_in(own);
  return masks ? own : std::string();
}

}  // namespace zinit
