// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl enable and disable: set whether the boot starts a service, by a drop-in with the key
// `status`; is-enabled reports it. Triggers such as a timer or a proxy start a service whatever its
// status, except "ignore", so `disable` sets "ignore" for such services: "stop" would change
// nothing. These verbs only change files, so they need no server and work on an image.
#include <algorithm>
#include <iterator>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/question.hpp"
#include "client/service_files.hpp"
#include "client/verbs.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

/// What differs between the two verbs.
struct StatusVerb {
  StartStatus status;
  std::string_view word;    // `status` as written in the file
  std::string_view now;     // the verb for --now
  std::string_view effect;  // the effect on the service
};

/// The files, and what they say of proxies.
struct Given {
  const Places places;
  const std::vector<std::string> proxied;  // see proxied_services()

  explicit Given(VerbContext& context)
      : places(places_of(context)), proxied(proxied_services(context, places)) {}

  /// Whether something other than the boot starts the service, whatever its status is, except
  /// "ignore".
  [[nodiscard]] bool triggers(const ServiceSpec& spec) const {
    return spec.triggered() || has_proxy(spec);
  }
  [[nodiscard]] bool has_proxy(const ServiceSpec& spec) const {
    return contains(proxied, spec.name);
  }
};

/// `verb` for a service with that spec.
StatusVerb verb_for(const ServiceSpec& spec, const StatusVerb& verb, const Given& given) {
  if (verb.status == StartStatus::start || !given.triggers(spec)) return verb;
  return {StartStatus::ignore, "ignore", verb.now, verb.effect};
}

/// Whether the service has the wanted status already. For `disable`, "ignore" is enough, because
/// such a service does not start at boot either.
bool is_set(const ServiceSpec& spec, const StatusVerb& verb) {
  if (spec.broken()) return false;
  return spec.status == verb.status ||
         (verb.status == StartStatus::stop && spec.status == StartStatus::ignore);
}

/// "web starts at boot"; or "web is started by its timer", if it has one. The server applies this
/// only after it has read the file.
std::string effect_of(const std::string& name, const ServiceSpec& spec, const StatusVerb& verb,
                      const Given& given, std::string_view adverb) {
  const bool starts = verb.status == StartStatus::start;
  std::string triggers = trigger_words(spec);
  // A service with a proxy may start at boot too.
  if (!starts && given.has_proxy(spec))
    triggers.append(triggers.empty() ? "" : " or ").append("a connection to its proxy");
  if (triggers.empty())
    return fmt::format("{}{} {} at boot{}", name, adverb, verb.effect, starts ? "" : " by itself");
  return fmt::format("{} is{}{} started by {}{}", name, adverb, starts ? "" : " not", triggers,
                     adverb.empty() ? " from the next boot or reload on" : "");
}

/// The section in which the drop-in must set `status`: "service" or "target". `source` must not
/// contain that drop-in.
std::string_view section_of(const std::string& name, const SourceFile& source,
                            const ReadText& read) {
  const SpecPtr spec = finish(read_spec(source, {}, read));
  if (spec->broken()) {
    throw VerbFailure{ExitStatus::failed,
                      fmt::format("correct its file first: {}", spec->findings->errors.front()),
                      name};
  }
  return kind_name(spec->kind);
}

/// A drop-in that is read after `own` and would override it, because it sets `status` too. Empty if
/// there is none.
std::string overriding_drop_in(const SourceFile& source, const std::string& own,
                               std::string_view section, const ReadText& read) {
  for (auto path = source.drop_ins.rbegin(); *path != own; ++path) {
    const auto text = read(*path);
    if (!text) continue;
    const auto document = read_toml(*text);
    const Member* found = document ? document->find(section) : nullptr;
    if (found != nullptr && found->value.find("status") != nullptr) return *path;
  }
  return {};
}

/// Writes the drop-in at `path`. Returns the exit status.
int write_status(VerbContext& context, const Places& places, const std::string& name,
                 const SourceFile& source, const std::string& path, const StatusVerb& verb) {
  const ReadText read = read_below(places.root);
  const std::string_view section = section_of(name, without_drop_in(source, path), read);
  const std::string other = overriding_drop_in(with_drop_in(source, path), path, section, read);
  if (!other.empty()) {
    return context.fail(ExitStatus::failed, name,
                        fmt::format("{} comes after {} and sets status too; take it out there",
                                    other, kStatusDropIn));
  }
  const std::string real = on_disk(places, path);
  const std::string text =
      fmt::format("# Written by zinitctl enable and zinitctl disable.\n[{}]\nstatus = \"{}\"\n",
                  section, verb.word);
  return tell_change(context, name,
                     in_its_directory(real, [&] { return replace_file(real, text, {}); }));
}

/// Makes the link at `path`, which makes an instance exist from the next boot on. Returns the exit
/// status.
int make_template_link(VerbContext& context, const Places& places, const SourceFile& source,
                       const std::string& path) {
  std::string target = source.path;
  if (beside(path, stem_of(target)) == target)
    target = std::string(last_part(target));
  else if (target.starts_with(places.root))
    target.erase(0, places.root.size());  // as seen from the link
  const std::string real = on_disk(places, path);
  return tell_change(context, source.instance,
                     in_its_directory(real, [&] { return make_link(target, real); }));
}

/// Does the verb for one service, except for --now. Adds its name to `served` if a server may have
/// the service.
int set_status(VerbContext& context, const Given& given, const std::string& name,
               const StatusVerb& asked, std::vector<std::string>& served) {
  if (is_template_name(name)) {
    throw VerbFailure{ExitStatus::usage,
                      fmt::format("is a template; name an instance of it, as {}NAME", name), name};
  }
  const Places& places = given.places;
  bool unmade = false;
  const SourceFile source = find_service_files(context, places, name, &unmade);
  std::string file = own_drop_in(source, kStatusDropIn);
  const SpecPtr spec = finish(read_spec(source, {}, read_below(places.root)));
  const StatusVerb verb = verb_for(*spec, asked, given);
  bool changed = !is_set(*spec, verb);
  // Nothing makes this instance at boot, so nothing starts it either.
  if (unmade && asked.status == StartStatus::stop) changed = false;
  if (changed) {
    const int status = write_status(context, places, name, source, file, verb);
    if (status != ExitStatus::done) return status;
  }
  if (unmade && verb.status == StartStatus::start) {
    file = own_place_of(own_path(source));
    const int status = make_template_link(context, places, source, file);
    if (status != ExitStatus::done) return status;
    changed = true;
  }
  JsonParams json = named(name).add("status", verb.word).add("changed", changed);
  json.add("file", changed ? file : "");
  const std::string text = changed ? effect_of(name, *spec, verb, given, "") + ": " + file
                                   : effect_of(name, *spec, verb, given, " already");
  if (changed || !unmade) served.push_back(name);
  // With --now and --json, the only document is the answer to the start or stop.
  if (!context.arguments.has("now") || !context.json())
    context.print_result(json.text(), printable(text) + "\n");
  return ExitStatus::done;
}

int set_status(VerbContext& context, const StatusVerb& verb) {
  const bool now = context.arguments.has("now");
  if (now && context.arguments.has("root")) {
    throw VerbFailure{ExitStatus::usage,
                      "--now is for a server, --root for a system that does not run"};
  }
  if (now && verb.status == StartStatus::stop) {
    // Before the first file is written, and not again by `stop`.
    ask_before_all(context, "stops");
    context.arguments.set("yes");
  }
  const Given given(context);
  std::vector<std::string> served;
  const int status = context.for_each_name(
      [&](const std::string& name) { return set_status(context, given, name, verb, served); },
      [&] { return names_in(given.places); });
  if (!now || status != ExitStatus::done) return status;
  // The server shows its own configuration, and triggers use it, not the files. A service that runs
  // with an earlier one is not restarted because it is enabled.
  if (!served.empty()) {
    JsonParams reload;
    reload.add_given("only", served).add("no_restart", verb.status == StartStatus::start);
    (void)context.client().call("service.reload", reload.text());
  }
  return find_verb(verb.now)->run(context);
}

/// What is-enabled prints for a service.
std::string_view word_of(VerbContext& context, const Given& given, const std::string& name) {
  const Places& places = given.places;
  const Masks masks = masks_of(places, name);
  if (!masks.own.empty() || !masks.vendors.empty()) return "masked";
  bool unmade = false;
  const SourceFile source = find_service_files(context, places, name, &unmade);
  const SpecPtr spec = finish(read_spec(source, {}, read_below(places.root)));
  if (spec->broken()) return "broken";
  const bool starts = given.triggers(*spec) ? spec->status != StartStatus::ignore
                                            : spec->status == StartStatus::start;
  return unmade || !starts ? "disabled" : "enabled";
}

}  // namespace

int run_enable(VerbContext& context) {
  return set_status(context, {StartStatus::start, "start", "start", "starts"});
}
int run_disable(VerbContext& context) {
  return set_status(context, {StartStatus::stop, "stop", "stop", "does not start"});
}

int run_is_enabled(VerbContext& context) {
  const Given given(context);
  bool any = false;
  const int status = context.for_each_name(
      [&](const std::string& name) {
        const std::string_view word = word_of(context, given, name);
        any |= word == "enabled";
        return context.print_result(json_of(word), fmt::format("{}\n", word));
      },
      [&] {
        std::vector<std::string> names = masked_in(given.places);
        std::ranges::move(names_in(given.places), std::back_inserter(names));
        return names;
      });
  return status == ExitStatus::done && !any ? int{ExitStatus::failed} : status;
}

}  // namespace zinit
