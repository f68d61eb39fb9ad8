// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server and its board without memory: whichever allocation fails, no client waits for ever and
// zinit does not end. The operator new of the test program, at the end, fails on demand. A
// sanitizer has its own version of each form, and the two do not work together, so all forms in use
// are replaced. MODE=tsan leaves this file out: a program cannot replace those of clang's TSan.
#include "base/memory.hpp"
#include "base/file.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_memory {
namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> first_failing{0};
std::atomic<std::uint64_t> failing_count{0};
thread_local bool spared = false;  // allocations of this thread neither fail nor count

void* block_of(std::size_t size) noexcept {
  if (counting.load(std::memory_order_relaxed) && !spared) {
    const std::uint64_t number = ++allocations;
    if (number >= first_failing && number - first_failing < failing_count) return nullptr;
  }
  return std::malloc(size > 0 ? size : 1);
}

const Texts kRequests = {
    R"("service.start","params":["web",true])",
    R"("service.status_full","params":["web"])",
    R"("service.list_full")",
    R"("service.start","params":["job",true])",
    R"("service.why","params":["bad"])",
    R"("service.restart","params":["db",true])",
    R"("service.kill","params":{"name":"web","signal":"KILL"})",
    R"("service.reload")",
    R"("events.get")",
    R"("logs.get","params":{"name":"job"})",
    R"("service.reload")",
    R"("service.tree")",
    R"("service.stats","params":["web"])",
    R"("debug.process_tree","params":["web"])",
    R"("service.children","params":["web"])",
    R"("metrics.get")",
    R"("service.reload","params":{"dry_run":true})",
    R"("service.stop","params":["web",true])",
    R"("service.start_all")",
    R"("service.stop_all")",
    R"("service.wait","params":{"name":"web","for":"stopped","timeout_ms":50})",
};

/// Sends a request as a separate client; returns whether it was answered, or the connection closed.
bool ask(Rig& rig, const std::string& method_and_params) {
  TestClient client = rig.client();
  try {
    client.send(R"({"jsonrpc":"2.0","id":1,"method":)" + method_and_params + "}\n");
  } catch (const std::runtime_error&) {  // already closed
  }
  return client.line().has_value();
}

/// Everything that the requests cause, with `count` allocations from the `first`-th on failing, and
/// everything again without failures. @return  the fault, or the number of allocations
std::string live_through(std::uint64_t first, std::uint64_t count) {
  spared = true;
  install_memory_policy();
  ::alarm(60);
  const TempDir dir;
  auto job = std::make_shared<ServiceSpec>(*oneshot("job", "echo said; exit 0"));
  job->logging.edit().file = dir / "job.log";
  job->logging.edit().forward = "unix:" + dir / "nobody";
  const std::vector<SpecPtr> specs = {sleeper("db"), sleeper("web", requiring("db")), job,
                                      failing("bad", 3)};
  Rig rig(specs);
  rig.daemon.on_reload = [&rig, specs](bool dry_run, const Daemon::ReloadDone& done) {
    std::vector<SpecPtr> others = specs;
    // Each time one service is removed and the other added.
    others.push_back(sleeper(rig.board().find("odd") == kNoSlot ? "odd" : "even"));
    done(rig.board().reload(others, dry_run));
  };
  TestClient events = rig.client();
  events.send(R"({"jsonrpc":"2.0","id":1,"method":"events.subscribe"})"
              "\n");
  TestClient logs = rig.client();
  logs.send(R"({"jsonrpc":"2.0","id":1,"method":"logs.subscribe"})"
            "\n");
  if (!events.line() || !logs.line()) return "no subscription";
  first_failing = first;
  failing_count = count;
  counting = true;
  for (const std::string& request : kRequests) (void)ask(rig, request);
  counting = false;
  for (const std::string& request : kRequests)
    if (!ask(rig, request)) return "not answered: " + request;
  for (const char* name : {"db", "web"}) {
    if (!becomes_true([&] { return !rig.board().brief(name)->has_process; }))
      return std::string(name) + " is not down";
  }
  if (rig.client().call("service.start", R"(["web",true])").find("running") == std::string::npos)
    return "web does not start";
  const auto in_its_file = [&] {
    const auto text = read_file(job->logging->file.c_str(), 4096);
    return text && text->ends_with("said\n");
  };
  if (!becomes_true(in_its_file)) return "what job said is not in its file";
  rig.board().begin_shutdown();
  if (!becomes_true([&] { return rig.board().all_down(); })) return "not all is down";
  return "made " + std::to_string(allocations);
}

TEST_CASE("whatever allocation fails, everybody is answered and everything goes on",
          "[control][slow]") {
  const auto outcome = [](std::uint64_t first, std::uint64_t count) {
    return in_child([=] { return live_through(first, count); });
  };
  const std::string whole = outcome(UINT64_MAX, 0);
  INFO(whole);
  REQUIRE(whole.starts_with("made "));
  const std::uint64_t made = std::stoull(whole.substr(5));
  // Different ones each time, because no two runs are equal.
  for (std::uint64_t first = 1; first < made; first += sanitized() ? 401 : 31) {
    const std::string said = outcome(first, 1 + first % 3 * 20);
    INFO("from the " << first << "-th of about " << made << ", " << 1 + first % 3 * 20);
    CHECK_THAT(said, Catch::StartsWith("made "));
  }
}

}  // namespace
}  // namespace zinit::test::control_memory

void* operator new(std::size_t size) {
  while (true) {
    if (void* const block = zinit::test::control_memory::block_of(size)) return block;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return zinit::test::control_memory::block_of(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return zinit::test::control_memory::block_of(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { std::free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { std::free(block); }
