// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Templates (zinit.toml(5), "Templates"): NAME@.toml, and the instances that dependencies, links
// and zinitctl start make from it.
#include "scenario/harness.hpp"
#include "scenario/harness/image.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"
#include "support/soak.hpp"

namespace zinit::test::files_templates {
namespace {

const std::string kTemplate = "[service]\nexec = ['sleep', '10000%i']\ndescription = 'for %n'\n";

Texts names_in(Server& zinit) {
  Texts names = zinit.result("service.list").texts();
  std::sort(names.begin(), names.end());
  return names;
}

void await_names(Server& zinit, const Texts& wanted) {
  Texts last;
  (void)eventually([&] { return (last = names_in(zinit)) == wanted; });
  CHECK(last == wanted);
}

void link(const Server& zinit, const std::string& target, const std::string& name) {
  std::filesystem::create_symlink(target, zinit.config(name));
}

std::string command_of(Server& zinit, const std::string& name) {
  std::string words = read_file("/proc/" + std::to_string(zinit.pid_of(name)) + "/cmdline");
  std::replace(words.begin(), words.end(), '\0', ' ');
  return words;
}

/// Boots with the template web@ and three instances: by a dependency, by a link and by a start.
Texts make_three(Server& zinit) {
  zinit.file("web@.toml", kTemplate);
  zinit.add("all", {.dependencies = "requires = ['web@1']"});
  link(zinit, "web@.toml", "web@2.toml");
  zinit.boot({"all", "web@1", "web@2"});
  (void)zinit.start("web@3");
  return {"web@1", "web@2", "web@3"};
}

std::vector<pid_t> pids_of(Server& zinit, const Texts& names) {
  std::vector<pid_t> pids;
  for (const std::string& name : names) pids.push_back(zinit.pid_of(name));
  return pids;
}

TEST_CASE("a dependency makes an instance of a template", "[check][templates]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate + "[dependencies]\nrequires = ['db@%i']\n");
  zinit.file("db@.toml", kTemplate + "status = 'stop'\n");
  zinit.add("all", {.dependencies = "requires = ['web@1', 'web@2']"});
  zinit.boot({"all", "web@1", "web@2", "db@1", "db@2"});
  CHECK(names_in(zinit) == Texts{"all", "db@1", "db@2", "web@1", "web@2"});
  CHECK(command_of(zinit, "web@2") == "sleep 100002 ");
  const Json status = zinit.status("web@1");
  CHECK(status["description"] == "for web@1");
  CHECK(status["instance_of"] == "web@");
  CHECK(status["file"] == zinit.config("web@.toml"));
  CHECK(zinit.status("all")["instance_of"].is_null());
  CHECK_THAT(zinit.ctl({"status", "web@1"}).out, Contains("instance of") && Contains("web@\n"));
  CHECK_THAT(zinit.ctl({"why", "web@1"}).out, Contains("web@1"));
  CHECK_THAT(zinit.ctl({"list"}).out, Contains("web@1") && !Contains("web@ "));
  // The instance of a dependency stays after a stop.
  CHECK(zinit.stop("web@2")["state"] == "exited");
  CHECK(zinit.stop("all")["name"] == "all");
  CHECK(names_in(zinit) == Texts{"all", "db@1", "db@2", "web@1", "web@2"});
}

TEST_CASE("a link to a template makes an instance that is started at boot", "[templates]") {
  Server zinit;
  zinit.file("getty@.toml", kTemplate);
  link(zinit, "getty@.toml", "getty@1.toml");
  zinit.boot({"getty@1"});
  CHECK(command_of(zinit, "getty@1") == "sleep 100001 ");
  const pid_t first = zinit.pid_of("getty@1");
  link(zinit, zinit.config("getty@.toml"), "getty@2.toml");
  std::filesystem::remove(zinit.config("getty@1.toml"));
  const Json dry = zinit.result("service.reload", R"({"dry_run":true})");
  const Json done = zinit.reload();
  for (const Json& plan : {dry, done}) {
    CHECK(plan["added"].texts() == Texts{"getty@2"});
    CHECK(plan["removed"].texts() == Texts{"getty@1"});
  }
  zinit.await_state("getty@2", "running");
  await_names(zinit, {"getty@2"});
  CHECK_FALSE(alive(first));
}

TEST_CASE("start makes an instance, which is gone when it is down", "[templates]") {
  Server zinit;
  zinit.file("job@.toml", kTemplate + "status = 'stop'\n");
  zinit.file("once@.toml", "[service]\nexec = 'exit %i'\noneshot = true\n");
  zinit.add("other");
  zinit.boot({"other"});
  CHECK(names_in(zinit) == Texts{"other"});
  CHECK(zinit.ctl({"start", "job@7"}).code == 0);
  CHECK(zinit.state("job@7") == "running");
  CHECK(command_of(zinit, "job@7") == "sleep 100007 ");
  CHECK(zinit.status("job@7")["instance_of"] == "job@");
  CHECK_THAT(
      zinit.ctl({"__complete", "3", "zinitctl", "stop", "job"}).out + zinit.ctl({"list"}).out,
      Contains("job@7"));
  CHECK(zinit.restart("job@8")["state"] == "running");
  CHECK(zinit.ctl({"stop", "job@7"}).code == 0);
  await_names(zinit, {"job@8", "other"});
  // An instance that has crashed restarts, like other services.
  const pid_t before = zinit.pid_of("job@8");
  zinit.kill("job@8");
  zinit.await_new_pid("job@8", before);
  CHECK(zinit.stop("job@8")["name"] == "job@8");
  await_names(zinit, {"other"});
  // A oneshot that has succeeded has ended for good; a failed oneshot stays for `why`.
  CHECK(zinit.ctl({"start", "once@0"}).code == 0);
  await_names(zinit, {"other"});
  CHECK(zinit.ctl({"start", "once@3"}).code == 1);
  CHECK(zinit.await_failed("once@3", "exit_code")["reason"]["code"] == 3);
  zinit.ctl({"start", "once@4"});
  CHECK(names_in(zinit) == Texts{"once@3", "once@4", "other"});
  CHECK(zinit.stop("once@4")["name"] == "once@4");
  await_names(zinit, {"once@3", "other"});
  const Json dry = zinit.result("service.reload", R"({"dry_run":true})");
  CHECK(dry["removed"].texts() == Texts{"once@3"});
  CHECK(zinit.reload()["removed"].texts() == Texts{"once@3"});
  await_names(zinit, {"other"});
}

TEST_CASE("an instance that is not there is made by start alone", "[templates]") {
  Server zinit;
  zinit.file("job@.toml", kTemplate);
  zinit.file("bad@.toml", "[service]\nexec = 'run'\numask = '%i'\n");
  zinit.file("cycle@.toml", kTemplate + "[dependencies]\nrequires = ['cycle@%i']\n");
  zinit.boot();
  for (const char* method : {"service.stop", "service.status", "service.why", "service.wait"}) {
    const Json error = zinit.error(method, R"({"name":"job@1"})");
    CHECK(error["code"] == -32000);
    CHECK_THAT(error["data"]["hint"].text(), Contains("`zinitctl start job@1` makes it"));
  }
  CHECK_THAT(zinit.error("service.start", R"({"name":"job@"})")["data"]["hint"].text(),
             Contains("is a template"));
  CHECK(zinit.error("service.start", R"({"name":"none@1"})")["code"] == -32000);
  CHECK(zinit.error("service.start", R"({"name":"job@a b"})")["code"] == -32000);
  const Json wrong = zinit.error("service.start", R"({"name":"bad@x"})");
  CHECK(wrong["code"] == -32005);
  CHECK_THAT(wrong["data"]["messages"].texts().at(0), Contains("bad@.toml:3:9: error"));
  CHECK(zinit.error("service.start", R"({"name":"cycle@1"})")["code"] == -32005);
  CHECK(names_in(zinit).empty());
  CHECK(zinit.ctl({"start", "bad@x"}).code == 1);
  CHECK(zinit.start("bad@0022")["name"] == "bad@0022");
}

TEST_CASE("instances that an instance needs come and go with it", "[check][templates]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate + "[dependencies]\nrequires = ['db@%i']\n");
  zinit.file("db@.toml", kTemplate);
  zinit.boot();
  CHECK(zinit.start("web@1")["state"] == "running");
  CHECK(names_in(zinit) == Texts{"db@1", "web@1"});
  zinit.begin_stop("web@1");
  await_names(zinit, {"db@1"});  // it runs
  CHECK(zinit.state("db@1") == "running");
  zinit.begin_stop("db@1");
  await_names(zinit, {});
  // A service that a client adds brings the instances that it names.
  (void)zinit.result("service.add", R"({"config":{"service":{"name":"own","exec":"sleep 100000"},)"
                                    R"("dependencies":{"requires":["db@5"]}}})");
  zinit.await_state("own", "running");
  CHECK(names_in(zinit) == Texts{"db@5", "own"});
  CHECK(zinit.reload()["unchanged"].texts() == Texts{"db@5", "own"});
}

TEST_CASE("a reload that changes a template changes its instances", "[templates]") {
  Server zinit;
  const Texts instances = make_three(zinit);
  const std::vector<pid_t> pids = pids_of(zinit, instances);
  CHECK(zinit.reload()["unchanged"].size() == 4);
  // Changed settings, applied in place.
  zinit.file("web@.toml", kTemplate + "critical = true\n");
  CHECK(zinit.result("service.reload", R"({"dry_run":true})")["changed"].texts() == instances);
  const Json settings = zinit.reload();
  CHECK(settings["changed"].texts() == instances);
  CHECK(settings["restarted"].size() == 0);
  for (std::size_t i = 0; i < instances.size(); ++i) CHECK(zinit.pid_of(instances[i]) == pids[i]);
  // A change that needs a restart; the next started instance uses the new template.
  zinit.file("web@.toml", "[service]\nexec = ['sleep', '20000%i']\n");
  CHECK(zinit.status("web@1")["changed_on_disk"] == true);
  const Json restarted = zinit.reload();
  CHECK(restarted["restarted"].texts() == Texts{"all", "web@1", "web@2", "web@3"});
  for (std::size_t i = 0; i < instances.size(); ++i) {
    zinit.await_new_pid(instances[i], pids[i]);
    CHECK_THAT(command_of(zinit, instances[i]), Contains("sleep 20000"));
  }
  (void)zinit.start("web@4");
  CHECK(command_of(zinit, "web@4") == "sleep 200004 ");
  // A wrong template is refused, and the old config stays in force.
  const pid_t kept = zinit.pid_of("web@3");
  zinit.file("web@.toml", "[service]\nexec = 5\n");
  CHECK(zinit.reload()["failed"].texts() == Texts{"web@1", "web@2", "web@3", "web@4"});
  CHECK(zinit.pid_of("web@3") == kept);
  // A removed template takes its instances with it.
  zinit.remove("web@");
  std::filesystem::remove(zinit.config("web@2.toml"));
  const Json gone = zinit.reload();
  CHECK(gone["removed"].texts() == Texts{"web@1", "web@2", "web@3", "web@4"});
  zinit.await_failed("all", "missing_dependency");
  await_names(zinit, {"all"});
  CHECK_FALSE(alive(kept));
}

TEST_CASE("an instance goes with the dependency that made it", "[templates]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate);
  zinit.add("all", {.dependencies = "requires = ['web@1', 'web@2']"});
  zinit.boot({"all", "web@1", "web@2"});
  const pid_t first = zinit.pid_of("web@1");
  zinit.add("all", {.dependencies = "requires = ['web@2']"});
  CHECK(zinit.result("service.reload", R"({"dry_run":true})")["removed"].texts() == Texts{"web@1"});
  CHECK(zinit.reload()["removed"].texts() == Texts{"web@1"});
  await_names(zinit, {"all", "web@2"});
  CHECK_FALSE(alive(first));
  // A refused file leaves its dependency, and the instance made by it, in force.
  const pid_t second = zinit.pid_of("web@2");
  zinit.file("all.toml", "[service]\nexec = 5\n");
  CHECK(zinit.reload()["failed"].texts() == Texts{"all"});
  CHECK(names_in(zinit) == Texts{"all", "web@2"});
  zinit.add("all", {.dependencies = "requires = ['all']"});
  CHECK(zinit.reload()["failed"].texts() == Texts{"all"});
  CHECK(zinit.pid_of("web@2") == second);
  // A started instance that a dependency names later stays after a stop.
  (void)zinit.start("web@3");
  zinit.add("all", {.dependencies = "after = ['web@3']"});
  CHECK(zinit.reload()["removed"].texts() == Texts{"web@2"});
  CHECK(zinit.stop("web@3")["name"] == "web@3");
  await_names(zinit, {"all", "web@3"});
}

TEST_CASE("an instance that was started outlasts a dependency that names it later", "[templates]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate);
  zinit.add("all");
  zinit.boot({"all"});
  (void)zinit.start("web@1");
  const pid_t pid = zinit.pid_of("web@1");
  zinit.add("all", {.dependencies = "after = ['web@1']"});
  CHECK(zinit.reload()["changed"].texts() == Texts{"all"});
  zinit.add("all");
  CHECK(zinit.reload()["removed"].size() == 0);
  CHECK(zinit.pid_of("web@1") == pid);
  CHECK(zinit.stop("web@1")["name"] == "web@1");
  await_names(zinit, {"all"});
}

TEST_CASE("a cycle between instances of one template is a cycle", "[check][templates]") {
  Server zinit;
  zinit.file("a@.toml", kTemplate + "[dependencies]\nrequires = ['b@%i']\n");
  zinit.file("b@.toml", kTemplate + "[dependencies]\nrequires = ['a@%i']\n");
  zinit.file("grow@.toml", kTemplate + "[dependencies]\nrequires = ['grow@%i%i']\n");
  zinit.add("c", {.dependencies = "requires = ['a@1']"});
  zinit.add("d", {.dependencies = "requires = ['grow@1']"});
  zinit.add("good");
  zinit.boot({"good"});
  for (const char* name : {"a@1", "b@1"}) zinit.await_failed(name, "config_error");
  CHECK_THAT(zinit.ctl({"why", "c"}).out, Contains("a cycle: a@1 -> b@1 -> a@1"));
  zinit.await_failed("d", "dependency_failed");
  CHECK_THAT(zinit.ctl({"why", "d"}).out, Contains("at most 128 characters"));
  const Outcome check = zinit.ctl({"check", zinit.config()});
  CHECK(check.code == 1);
  CHECK_THAT(check.out, Contains("a cycle: a@1 -> b@1 -> a@1"));
}

TEST_CASE("started instances and templates go over a re-execution", "[check][templates][reexec]") {
  Server zinit;
  const Texts instances = make_three(zinit);
  const std::vector<pid_t> pids = pids_of(zinit, instances);
  zinit.file("web@.toml", "[service]\nexec = ['sleep', '20000%i']\n");  // not in force yet
  const bool asked = GENERATE(true, false);
  asked ? zinit.reexecute() : crash(zinit);
  for (std::size_t i = 0; i < instances.size(); ++i) {
    CHECK(zinit.pid_of(instances[i]) == pids[i]);
    CHECK(zinit.status(instances[i])["instance_of"] == "web@");
  }
  (void)zinit.start("web@4");
  CHECK(command_of(zinit, "web@4") == "sleep 100004 ");
  CHECK(zinit.stop("web@4")["name"] == "web@4");
  await_names(zinit, {"all", "web@1", "web@2", "web@3"});
  CHECK(zinit.reload()["changed"].texts() == instances);
  for (std::size_t i = 0; i < instances.size(); ++i) zinit.await_new_pid(instances[i], pids[i]);
  CHECK(zinit.stop("web@3")["name"] == "web@3");
  await_names(zinit, {"all", "web@1", "web@2"});
}

TEST_CASE("many instances by one dependency", "[templates][soak]") {
  const int count = long_form() ? 1000 : 150;
  Server zinit;
  zinit.file("x@.toml", "[service]\nexec = 'true %i'\noneshot = true\nstatus = 'stop'\n");
  std::string all;
  for (int i = 0; i < count; ++i) all += "'x@" + std::to_string(i) + "', ";
  zinit.file("t.toml", "[target]\nstatus = 'stop'\n[dependencies]\nwants = [" + all + "]\n");
  zinit.boot();
  CHECK(names_in(zinit).size() == std::size_t(count + 1));
  CHECK(zinit.reload()["unchanged"].size() == std::size_t(count + 1));
  CHECK(zinit.start("t")["state"] == "running");
  zinit.await_settled();
  CHECK(zinit.status("x@" + std::to_string(count - 1))["last_exit"]["code"] == 0);
}

TEST_CASE("service.set and delete leave a template as it is", "[templates]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate);
  link(zinit, "web@.toml", "web@1.toml");
  zinit.boot({"web@1"});
  (void)zinit.start("web@2");
  const std::string config = R"("config":{"service":{"name":"web@NR","exec":"sleep 30000"}})";
  for (const char* number : {"1", "2", "9"}) {
    std::string text = config;
    text.replace(text.find("NR"), 2, number);
    (void)zinit.result("service.set", R"({"persist":true,)" + text + "}");
    const std::string name = std::string("web@") + number;
    CHECK(zinit.status(name)["instance_of"].is_null());
    CHECK(zinit.status(name)["file"] == zinit.config(name + ".toml"));
    CHECK_FALSE(std::filesystem::is_symlink(zinit.config(name + ".toml")));
  }
  CHECK(zinit.error("service.set",
                    R"({"config":{"service":{"name":"web@","exec":"true"}}})")["code"] == -32005);
  CHECK(read_file(zinit.config("web@.toml")) == kTemplate);
  // An instance without its own file is only removed.
  (void)zinit.start("web@3");
  (void)zinit.result("service.delete", R"({"name":"web@3"})");
  (void)zinit.result("service.delete", R"({"name":"web@1","persist":true})");
  await_names(zinit, {"web@2", "web@9"});
  link(zinit, "web@.toml", "web@4.toml");
  (void)zinit.reload();
  (void)zinit.result("service.delete", R"({"name":"web@4","persist":true})");
  CHECK_FALSE(std::filesystem::is_symlink(zinit.config("web@4.toml")));
  CHECK(read_file(zinit.config("web@.toml")) == kTemplate);
}

TEST_CASE("a connection's instance passes over the names of others", "[templates][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", "[service]\nexec = [" + peer({"inetd", "echo"}) +
                           "]\n[socket]\nlisten = ['" + at + "']\naccept = true\n");
  zinit.file("s@.toml", kTemplate);
  link(zinit, "s@.toml", "s@1.toml");
  boot_open(zinit);
  zinit.await_state("s@1", "running");
  Client client(at);
  CHECK(client.echo("one") == "one");
  zinit.await_state("s@2", "running");
  CHECK(zinit.status("s@1")["instance_of"] == "s@");
  CHECK(zinit.status("s@2")["instance_of"] == "s");
  client.close();
  await_names(zinit, {"s", "s@1"});
}

// --- verbs that change files ---------------------------------------------------------------------

TEST_CASE("enable makes the link of an instance, disable a drop-in of its own",
          "[templates][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/services/getty@.toml", kTemplate);
  image.put("etc/zinit/services/own@.toml", kTemplate + "status = 'stop'\n");
  const std::string services = image.path("etc/zinit/services/");
  CHECK_THAT(image.ctl("disable", "getty@tty1").out, Contains("already does not start"));
  const Outcome enabled = image.ctl("enable", "getty@tty1");
  CHECK(enabled.code == 0);
  CHECK_THAT(enabled.out, Contains("getty@tty1 starts at boot: " + services + "getty@tty1.toml"));
  CHECK(std::filesystem::read_symlink(services + "getty@tty1.toml") ==
        "/usr/lib/zinit/services/getty@.toml");
  CHECK_THAT(image.ctl("enable", "getty@tty1").out, Contains("already"));
  CHECK(image.ctl("enable", "own@1").code == 0);
  CHECK(std::filesystem::read_symlink(services + "own@1.toml") == "own@.toml");
  CHECK_THAT(read_file(services + "own@1.toml.d/" + kOurs), Contains("status = \"start\""));
  CHECK(image.ctl("disable", "getty@tty1").code == 0);
  CHECK_THAT(read_file(services + "getty@tty1.toml.d/" + kOurs), Contains("status = \"stop\""));
  CHECK_FALSE(std::filesystem::exists(services + "getty@.toml.d"));
  CHECK(image.ctl("mask", "getty@tty9").code == 0);
  CHECK(std::filesystem::read_symlink(services + "getty@tty9.toml") == "/dev/null");
  CHECK(image.ctl("enable", "getty@tty9").code == 4);
  CHECK(image.ctl("mask", "own@1").code == 1);  // it belongs to the administrator
  CHECK(image.ctl("enable", "none@1").code == 4);
}

TEST_CASE("edit of an instance changes its template, and with --drop-in itself alone",
          "[templates][verbs]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate);
  zinit.add("all", {.dependencies = "requires = ['web@1', 'web@2']"});
  zinit.boot({"web@1", "web@2"});
  const Outcome own = zinit.ctl({"edit", "--drop-in", "web@1"}, "",
                                {"EDITOR=printf '[service]\\ndescription = \"own\"\\n' >"});
  CHECK(own.code == 0);
  CHECK(zinit.status("web@1")["description"] == "own");
  CHECK(zinit.status("web@2")["description"] == "for web@2");
  CHECK_THAT(zinit.ctl({"status", "web@1"}).out, Contains("web@1.toml.d/50-local.toml"));
  const Outcome all = zinit.ctl({"edit", "web@2"}, "", {"EDITOR=sed -i s/for/of/"});
  CHECK(all.code == 0);
  CHECK(zinit.status("web@2")["description"] == "of web@2");
  const Outcome wrong =
      zinit.ctl({"edit", "web@2"}, "", {"EDITOR=sed -i s/exec/exce/", "TMPDIR=" + zinit.path(".")});
  CHECK(wrong.code == 1);
  CHECK_THAT(read_file(zinit.config("web@.toml")), Contains("exec"));
}

TEST_CASE("no name leads a verb out of the directory of services", "[check][templates][verbs]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate);
  zinit.boot({});
  for (const char* verb : {"enable", "disable", "mask", "edit"}) {
    for (const char* name : {"web@a/../../b", "web@../../c", "web@a b", "../x"}) {
      const Outcome refused = zinit.ctl({verb, name});
      INFO(verb << " " << name);
      CHECK(refused.code == 2);
      CHECK_THAT(refused.err, Contains("a name "));
    }
  }
  CHECK_THAT(zinit.ctl({"enable", "web@"}).err, Contains("is a template"));
  CHECK_THAT(zinit.ctl({"start", "web@a/b"}).err, Contains("a name may only have"));
  const auto files = std::filesystem::directory_iterator(zinit.config());
  CHECK(std::distance(begin(files), end(files)) == 1);
  CHECK_FALSE(std::filesystem::exists(zinit.path("b.toml")));
}

}  // namespace
}  // namespace zinit::test::files_templates
