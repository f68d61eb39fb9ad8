// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns listed files into specs of services and proxies: parses them in parallel, and makes their
// names distinct.
#include "config/loader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <iterator>
#include <optional>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/memory.hpp"
#include "base/rooted.hpp"
#include "config/directory.hpp"
#include "config/proxy_reader.hpp"

namespace zinit {

namespace {

// The processor limits parsing. More threads would cost more than they gain.
constexpr std::size_t kMaxThreads = 4;
constexpr std::size_t kFilesWorthAThread = 32;

/// Whether nothing is at `path` any more. A dangling link still exists.
bool vanished(const std::string& path) { return !path_exists(path) && errno == ENOENT; }

/// Parses one file; nothing if it has vanished.
std::optional<ParsedSpec> parse_file(const SourceFile& file, const ServiceDefaults& defaults,
                                     const ReadText& read) {
  ParsedSpec parsed = read_spec(file, defaults, read);
  // Read again, because a directory that was renamed meanwhile hides only the path.
  const bool at_fault = !file.named && !parsed.diagnostics.empty();
  if (at_fault && vanished(file.path) && !read(file.path)) return std::nullopt;
  return parsed;
}

using Owners = std::unordered_map<std::string, ParsedSpec*>;

void make_name_free(ParsedSpec& parsed, Owners& owners) {
  std::string& name = parsed.spec->name;
  const std::string wanted = name;
  for (int number = 2; !owners.try_emplace(name, &parsed).second; ++number) {
    const std::string suffix = "_" + std::to_string(number);
    name = wanted.substr(0, kNameMax - suffix.size()) + suffix;
  }
}

/// Reports that `second` has the same name as `first`, which keeps it.
void refuse(ParsedSpec& second, ParsedSpec& first, std::vector<Diagnostic>& findings) {
  const auto key = [](const ParsedSpec& one) {
    return fmt::format("{}.name", one.proxy ? kProxySection : kind_name(one.spec->kind));
  };
  const std::string& name = second.spec->name;
  const bool command = first.spec->file.empty();
  findings.push_back(
      {second.spec->file_of(second.name_at), second.name_at, Severity::error, key(second),
       command ? fmt::format("\"{}\" is the name of the command that zinit was given; "
                             "give this service another name",
                             name)
               : fmt::format("\"{}\" is already the name in {}", name, first.spec->file)});
  findings.insert(findings.end(), second.diagnostics.begin(), second.diagnostics.end());
  if (command) return;
  first.diagnostics.push_back(
      {first.spec->file_of(first.name_at), first.name_at, Severity::warning, key(first),
       fmt::format("\"{}\" is also the name in {}, which is ignored", name, second.spec->file)});
  sort_by_place(first.diagnostics);
}

/// Reports wrong places in the graph that the instances of `name`, a template without any, would
/// have. Each template is judged without the other templates: only one of two may be used.
void judge_template(const std::string& name, const ParsedListing& all,
                    FunctionRef<bool(const std::string& name)> there,
                    const ServiceDefaults& defaults, std::vector<Diagnostic>& findings) {
  const std::vector<ParsedSpec> made =
      make_instances(*all.templates, {name + "1"}, there, defaults);
  std::vector<GraphEntry> entries;
  for (const auto* specs : {&made, &all.parsed})
    for (const ParsedSpec& one : *specs)
      if (!one.proxy) entries.push_back({one.spec, static_cast<Slot>(entries.size())});
  const auto graph = Graph::build(entries);
  for (Slot slot = 0; slot < made.size(); ++slot) {
    for (const std::string& text : *graph->node(slot).faults) {
      Diagnostic fault = parse_diagnostic(text);
      add_once(findings, std::move(fault));
    }
  }
}

}  // namespace

std::vector<ParsedSpec> parse_files(const std::vector<SourceFile>& files,
                                    const ServiceDefaults& defaults, const ReadText& read) {
  std::vector<std::optional<ParsedSpec>> results(files.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(kMaxThreads);
  const auto work = [&](std::size_t worker) {
    const RefusableAllocations refusable;  // the authors of files choose how much memory they need
    try {
      for (std::size_t i; (i = next.fetch_add(1)) < files.size();)
        results[i] = parse_file(files[i], defaults, read);
    } catch (...) {
      failures[worker] = std::current_exception();
    }
  };
  const std::size_t most = std::min<std::size_t>(kMaxThreads, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  threads.reserve(most);
  for (std::size_t i = 1; i < most && i <= files.size() / kFilesWorthAThread; ++i) {
    try {
      threads.emplace_back(work, i);
    } catch (const std::exception&) {  // no more threads: the running ones do all the work
      break;
    }
  }
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const auto& failed : failures) {
    if (failed) std::rethrow_exception(failed);
  }
  std::vector<ParsedSpec> parsed;
  for (auto& result : results) {
    if (result) parsed.push_back(std::move(*result));
  }
  return parsed;
}

void settle_names(std::vector<ParsedSpec>& parsed, std::vector<Diagnostic>& findings) {
  Owners services, proxies;
  const auto owners_of = [&](const ParsedSpec& one) -> Owners& {
    return one.proxy ? proxies : services;
  };
  for (ParsedSpec& one : parsed) {
    if (!one.name_mangled) owners_of(one).try_emplace(one.spec->name, &one);
  }
  std::vector<bool> refused(parsed.size(), false);
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    Owners& owners = owners_of(parsed[i]);
    if (parsed[i].name_mangled) make_name_free(parsed[i], owners);
    ParsedSpec& owner = *owners.at(parsed[i].spec->name);
    refused[i] = &owner != &parsed[i];
    if (refused[i]) refuse(parsed[i], owner, findings);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (!refused[i]) std::swap(parsed[kept++], parsed[i]);
  }
  parsed.resize(kept);
}

MaskedNames masked_names(const std::vector<MaskedFile>& masked,
                         const std::vector<ParsedSpec>& parsed, const ReadText& read,
                         std::vector<std::string>* proxies) {
  MaskedNames names;
  for (const MaskedFile& file : masked) {
    const std::string& said_by = file.hidden.empty() ? file.link : file.hidden;
    std::string name(stem_of(said_by));
    if (!file.hidden.empty()) {
      const ParsedSpec hidden = read_spec(SourceFile{said_by}, {}, read);
      if (hidden.proxy) {
        if (proxies != nullptr) proxies->push_back(file.link);
        continue;
      }
      name = hidden.spec->name;
    }
    names.try_emplace(std::move(name), file.link);
  }
  for (const ParsedSpec& one : parsed)
    if (!one.proxy) names.erase(one.spec->name);
  return names;
}

ParsedListing parse_listing(Listing& listing, const ServiceDefaults& defaults,
                            const ReadText& read) {
  ParsedListing all;
  all.templates = std::make_shared<const Templates>(Templates::take_from(listing, read));
  const Templates& templates = *all.templates;
  // The mask of a template also hides the instances that links make from it.
  std::unordered_set<std::string_view> hidden;
  for (const MaskedFile& one : listing.masked)
    if (is_template_name(stem_of(one.link)) && !templates.has(stem_of(one.link)))
      hidden.insert(stem_of(one.link));
  std::erase_if(listing.files, [&](const SourceFile& file) {
    return hidden.contains(template_of(file.instance));
  });
  const ReadText kept = templates.reader(read);
  for (SourceFile& file : listing.files)
    if (templates.makes(file.instance)) file = templates.source_of(file.instance, &file);
  all.parsed = parse_files(listing.files, defaults, kept);
  settle_names(all.parsed, listing.findings);
  all.masked = masked_names(listing.masked, all.parsed, read, &all.masked_proxies);
  std::vector<SourceFile> samples;
  for (const std::string& name : templates.names()) {
    samples.push_back(templates.source_of(name + "1"));
    samples.back().drop_ins = templates.files().find(name)->second.drop_ins;
  }
  const auto tell_faults = [&] {
    for (const ParsedSpec& one : parse_files(samples, defaults, kept))
      for (const Diagnostic& fault : one.diagnostics) add_once(listing.findings, fault);
    samples.clear();
  };
  tell_faults();
  std::unordered_set<std::string_view> names;
  std::vector<std::string> wanted;
  for (const ParsedSpec& one : all.parsed) {
    if (!one.proxy) names.insert(one.spec->name);
    one.proxy ? wanted.push_back(one.proxy->service) : add_instance_names(*one.spec, wanted);
  }
  std::size_t left_out = 0;
  const auto is_there = [&](const std::string& name) {
    return names.contains(name) || all.masked.contains(name);
  };
  std::vector<ParsedSpec> made =
      make_instances(templates, std::move(wanted), is_there, defaults, &left_out);
  if (left_out > 0)
    listing.findings.push_back(
        {templates.files().begin()->second.path,
         {},
         Severity::error,
         {},
         fmt::format("{} instances of templates are made at most, {} more are left out",
                     kMostInstances, left_out)});
  std::ranges::move(made, std::back_inserter(all.parsed));
  // Drop-ins of instances that exist only after a start.
  std::unordered_set<std::string_view> there;
  std::unordered_set<std::string_view> used;  // templates with an instance
  for (const ParsedSpec& one : all.parsed) {
    there.insert(one.spec->name);
    used.insert(one.spec->instance->of);
  }
  for (const auto& [name, file] : templates.files()) {
    for (const auto& [instance, own] : file.own) {
      if (!there.contains(instance) && !all.masked.contains(instance))
        samples.push_back(templates.source_of(instance));
    }
  }
  tell_faults();
  for (const std::string& name : templates.names())
    if (!used.contains(name)) judge_template(name, all, is_there, defaults, listing.findings);
  return all;
}

ReadText read_below(const std::string& root) {
  if (root.empty()) return read_from_disk;
  return
      [root](const std::string& path) { return real_below(root, path).and_then(read_from_disk); };
}

LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                         const std::string& settings_file, const LoadOptions& options) {
  LoadedConfig loaded;
  Listing listing;
  if (options.settings != nullptr) {
    loaded.settings = *options.settings;
  } else if (!settings_file.empty()) {
    auto settings = read_settings(settings_file, options.settings_named, listing.findings);
    if (settings)
      loaded.settings = *std::move(settings);
    else
      listing.incomplete = settings.error();
    for (Diagnostic one : listing.findings) {
      if (one.severity == Severity::warning) continue;
      one.severity = Severity::error;
      loaded.settings_faults.push_back(to_text(one));
    }
  }
  if (options.console != ConsoleMode::no) default_to_console(loaded.settings, options.console);
  if (!options.command.empty()) listing.command = SourceFile{.path = {}, .named = true};
  for (const ConfigDirectory& directory : directories) list_directory(directory, listing);
  if (listing.command) listing.files.insert(listing.files.begin(), *std::move(listing.command));
  ParsedListing all =
      parse_listing(listing, loaded.settings.defaults, [&](const std::string& path) {
        return path.empty() ? Result<std::string>(options.command) : listing.open.read(path);
      });
  std::vector<ParsedSpec>& parsed = all.parsed;
  loaded.masked = std::move(all.masked);
  loaded.masked_proxies = std::move(all.masked_proxies);
  loaded.templates = std::move(all.templates);
  warn_of_absent_services(parsed, loaded.masked);
  loaded.incomplete = std::move(listing.incomplete);
  loaded.missing = std::move(listing.missing);
  for (const Diagnostic& one : listing.findings) {
    loaded.messages.push_back(to_text(one));
    if (one.severity == Severity::error && one.file != settings_file)
      loaded.refused[one.file].push_back(loaded.messages.back());
  }
  for (const ParsedSpec& one : parsed) {
    if (one.proxy)
      loaded.proxies.push_back(finish_proxy(one));
    else
      loaded.specs.push_back(finish(one));
  }
  return loaded;
}

}  // namespace zinit
