// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Instances of templates while the server runs: makes an instance that a client starts, makes all
// of them again at a reload, and removes an instance that nobody wants any more.
//
// An instance from a link or a dependency is read with the files, and stays until a reload finds it
// unwanted. An instance that a client has started leaves the graph when it is down, unless another
// service names it. A failed one stays, so that its reason can be read, until it is stopped, or
// until a reload.
//
// Call everything here on the control loop's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "activation/later_removal.hpp"
#include "config/templates.hpp"
#include "files/configuration.hpp"
#include "state/state_facts.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Instances {
 public:
  /// All parameters outlive this object. `answers_due` returns whether clients may still wait for a
  /// report of the last change.
  Instances(Board& board, EventLoop& loop, const GlobalSettings& settings, StateFacts& facts,
            std::function<bool()> answers_due)
      : board_(board),
        settings_(settings),
        facts_(facts),
        removal_(loop, std::move(answers_due), [this] { remove_ended(); }) {}
  Instances& operator=(Instances&&) = delete;

  /// The templates in force; never null.
  [[nodiscard]] const TemplatesPtr& templates() const noexcept { return templates_; }
  /// Puts `templates` in force, and keeps them for the next process image.
  void use(const TemplatesPtr& templates);
  /// Continues with the templates of the previous process image.
  void restore(const FactMap& facts);

  /// See Daemon::make_instance().
  RequestResult<void> make(std::string_view name);

  /// Adds missing instances of the new templates to `specs`, the services of a reload: instances
  /// that a client has started, and instances that services depend on if these services have no
  /// file or their files are refused. `no_restart` is the reload's.
  void complete(std::vector<SpecPtr>& specs, const LoadedConfig& config, bool no_restart);

  /// Adds those of `names` that have a template to `specs`, which has all services of `config`: a
  /// client had started these instances, and then the server was killed.
  static void add_started(const std::vector<std::string>& names, const LoadedConfig& config,
                          std::vector<SpecPtr>& specs);

  /// Removes started instances that nobody wants any more. Call it after each change of the board.
  void look();

 private:
  [[nodiscard]] bool unwanted(const Graph& graph, Slot slot) const;
  void remove_ended();

  Board& board_;
  const GlobalSettings& settings_;
  StateFacts& facts_;
  TemplatesPtr templates_ = std::make_shared<const Templates>();
  GraphPtr seen_;
  std::vector<Slot> started_;  // of `seen_`
  // Instances that the last look() found unwanted. Those that ended since are missing, because the
  // clients that wait for their ends have no answer yet.
  std::vector<std::string> ended_;
  LaterRemoval removal_;
};

/// The instances that `spec` depends on, directly or through others, and that `graph` lacks.
[[nodiscard]] std::vector<SpecPtr> instances_for(const ServiceSpec& spec,
                                                 const Templates& templates, const Graph& graph,
                                                 const ServiceDefaults& defaults);

}  // namespace zinit
