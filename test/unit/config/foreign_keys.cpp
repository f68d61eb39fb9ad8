// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The words of other init systems, as their manuals list them, and the message about each.
#include "config/foreign_keys.hpp"

#include <set>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "config/keys.hpp"
#include "support/catch.hpp"
#include "unit/config/text.hpp"

namespace config_foreign_keys_test {

using namespace zinit;
using zinit::test::messages_of;

namespace {

using Lines = std::vector<std::string>;

/// The words of a manual, in one of its sections.
struct Manual {
  std::string section, words;
};

// clang-format off
const std::vector<Manual> kManuals = {
    // systemd.unit(5)
    {"Unit",
     "DefaultDependencies Wants CollectMode Documentation Requires Requisite BindsTo PartOf "
     "Upholds Conflicts Before After OnFailure OnSuccess PropagatesReloadTo "
     "ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom JoinsNamespaceOf "
     "RequiresMountsFor OnSuccessJobMode OnFailureJobMode IgnoreOnIsolate StopWhenUnneeded "
     "RefuseManualStart RefuseManualStop AllowIsolate FailureAction SuccessAction "
     "FailureActionExitStatus SuccessActionExitStatus JobTimeoutSec JobRunningTimeoutSec "
     "JobTimeoutAction JobTimeoutRebootArgument StartLimitIntervalSec StartLimitBurst "
     "StartLimitAction RebootArgument SourcePath AssertArchitecture "
     "ConditionPathIsSymbolicLink ConditionArchitecture ConditionFirmware "
     "ConditionVirtualization ConditionHost ConditionKernelCommandLine ConditionKernelVersion "
     "ConditionCredential ConditionEnvironment ConditionSecurity ConditionCapability "
     "ConditionACPower ConditionNeedsUpdate ConditionFirstBoot ConditionPathExists "
     "ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsMountPoint "
     "ConditionPathIsReadWrite ConditionPathIsEncrypted ConditionDirectoryNotEmpty "
     "ConditionFileNotEmpty ConditionFileIsExecutable ConditionUser ConditionGroup "
     "ConditionControlGroupController ConditionMemory ConditionCPUs ConditionCPUFeature "
     "ConditionOSRelease ConditionMemoryPressure ConditionCPUPressure ConditionIOPressure "
     "AssertVirtualization AssertHost AssertKernelCommandLine AssertKernelVersion "
     "AssertCredential AssertEnvironment AssertSecurity AssertCapability AssertACPower "
     "AssertNeedsUpdate AssertFirstBoot AssertPathExists AssertPathExistsGlob "
     "AssertPathIsDirectory AssertPathIsSymbolicLink AssertPathIsMountPoint "
     "AssertPathIsReadWrite AssertPathIsEncrypted AssertDirectoryNotEmpty AssertFileNotEmpty "
     "AssertFileIsExecutable AssertUser AssertGroup AssertControlGroupController AssertMemory "
     "AssertCPUs AssertCPUFeature AssertOSRelease AssertMemoryPressure AssertCPUPressure "
     "AssertIOPressure ConsistsOf Triggers Following Description"},
    // systemd.unit(5)
    {"Install",
     "Alias WantedBy RequiredBy Also DefaultInstance UpheldBy"},
    // systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5)
    {"Service",
     "DefaultDependencies Type ExitType RemainAfterExit GuessMainPID PIDFile BusName ExecStart "
     "ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop ExecStopPost RestartSec "
     "TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutSec TimeoutStartFailureMode "
     "TimeoutStopFailureMode RuntimeMaxSec RuntimeRandomizedExtraSec WatchdogSec Restart "
     "SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus RootDirectoryStartOnly "
     "NonBlocking NotifyAccess Sockets FileDescriptorStoreMax USBFunctionDescriptors "
     "USBFunctionStrings OOMPolicy Environment ExecSearchPath WorkingDirectory "
     "RootDirectory RootImage RootImageOptions RootHash RootHashSignature RootVerity "
     "MountAPIVFS ProtectProc ProcSubset BindPaths BindReadOnlyPaths MountImages "
     "ExtensionImages ExtensionDirectories DynamicUser SupplementaryGroups PAMName "
     "PrivateUsers CapabilityBoundingSet AmbientCapabilities NoNewPrivileges SecureBits "
     "AppArmorProfile SmackProcessLabel LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE "
     "LimitRSS LimitNOFILE LimitAS LimitNPROC LimitMEMLOCK LimitLOCKS LimitSIGPENDING "
     "LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME UMask CoredumpFilter KeyringMode "
     "OOMScoreAdjust TimerSlackNSec Personality IgnoreSIGPIPE Nice CPUSchedulingPolicy "
     "CPUSchedulingPriority CPUSchedulingResetOnFork CPUAffinity NUMAPolicy NUMAMask "
     "IOSchedulingClass IOSchedulingPriority ProtectSystem ProtectHome RuntimeDirectory "
     "StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory RuntimeDirectoryMode "
     "StateDirectoryMode CacheDirectoryMode LogsDirectoryMode ConfigurationDirectoryMode "
     "RuntimeDirectoryPreserve TimeoutCleanSec ReadWritePaths ReadOnlyPaths InaccessiblePaths "
     "ExecPaths NoExecPaths TemporaryFileSystem PrivateTmp PrivateDevices PrivateNetwork "
     "NetworkNamespacePath PrivateIPC IPCNamespacePath ProtectHostname ProtectClock "
     "ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups "
     "RestrictAddressFamilies RestrictFileSystems RestrictNamespaces LockPersonality "
     "MemoryDenyWriteExecute RestrictRealtime RestrictSUIDSGID RemoveIPC PrivateMounts "
     "MountFlags SystemCallFilter SystemCallErrorNumber SystemCallArchitectures SystemCallLog "
     "EnvironmentFile PassEnvironment UnsetEnvironment StandardInput StandardOutput "
     "StandardError StandardInputText StandardInputData LogLevelMax LogExtraFields "
     "LogRateLimitIntervalSec LogRateLimitBurst LogNamespace SyslogIdentifier SyslogFacility "
     "SyslogLevel SyslogLevelPrefix TTYPath TTYReset TTYVHangup TTYRows TTYColumns "
     "TTYVTDisallocate LoadCredential LoadCredentialEncrypted SetCredential "
     "SetCredentialEncrypted UtmpIdentifier UtmpMode KillMode KillSignal RestartKillSignal "
     "SendSIGHUP SendSIGKILL FinalKillSignal WatchdogSignal Delegate CPUWeight "
     "StartupCPUWeight CPUQuota CPUQuotaPeriodSec AllowedCPUs StartupAllowedCPUs "
     "AllowedMemoryNodes StartupAllowedMemoryNodes MemoryAccounting MemoryMin MemoryLow "
     "MemoryHigh MemoryMax MemorySwapMax TasksAccounting TasksMax IOAccounting IOWeight "
     "StartupIOWeight IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax "
     "IOWriteIOPSMax IODeviceLatencyTargetSec IPAccounting IPAddressAllow IPAddressDeny "
     "IPIngressFilterPath IPEgressFilterPath BPFProgram SocketBindAllow SocketBindDeny "
     "RestrictNetworkInterfaces DeviceAllow DevicePolicy Slice DisableControllers "
     "ManagedOOMSwap ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit "
     "ManagedOOMPreference User Group SELinuxContext"},
    // systemd.timer(5)
    {"Timer",
     "RemainAfterExit DefaultDependencies OnCalendar AccuracySec RandomizedDelaySec "
     "FixedRandomDelay OnClockChange OnTimezoneChange Unit Persistent WakeSystem "
     "RemainAfterElapse OnBootSec OnStartupSec OnActiveSec OnUnitActiveSec OnUnitInactiveSec"},
    // systemd.path(5)
    {"Path",
     "StartLimitIntervalSec DefaultDependencies Unit MakeDirectory DirectoryMode "
     "TriggerLimitIntervalSec TriggerLimitBurst PathExists PathExistsGlob PathChanged "
     "PathModified DirectoryNotEmpty"},
    // systemd.socket(5)
    {"Socket",
     "WantedBy DefaultDependencies ListenStream ListenDatagram ListenSequentialPacket "
     "ListenFIFO ListenSpecial ListenNetlink ListenMessageQueue ListenUSBFunction "
     "SocketProtocol BindIPv6Only Backlog BindToDevice SocketUser SocketGroup SocketMode "
     "DirectoryMode Accept Writable FlushPending MaxConnections MaxConnectionsPerSource "
     "KeepAlive KeepAliveTimeSec KeepAliveIntervalSec KeepAliveProbes NoDelay Priority "
     "DeferAcceptSec ReceiveBuffer SendBuffer IPTOS IPTTL Mark ReusePort SmackLabel "
     "SmackLabelIPIn SmackLabelIPOut SELinuxContextFromNet PipeSize MessageQueueMaxMessages "
     "MessageQueueMessageSize FreeBind Transparent Broadcast PassCredentials PassSecurity "
     "PassPacketInfo Timestamping TCPCongestion ExecStartPre ExecStartPost ExecStopPre "
     "ExecStopPost TimeoutSec Service RemoveOnStop Symlinks FileDescriptorName "
     "TriggerLimitIntervalSec TriggerLimitBurst"},
    // supervisord
    {"program:x",
     "command process_name numprocs numprocs_start priority autostart startsecs startretries "
     "autorestart exitcodes stopsignal stopwaitsecs stopasgroup killasgroup user "
     "redirect_stderr stdout_logfile stdout_logfile_maxbytes stdout_logfile_backups "
     "stdout_capture_maxbytes stdout_events_enabled stdout_syslog stderr_logfile "
     "stderr_logfile_maxbytes stderr_logfile_backups stderr_capture_maxbytes "
     "stderr_events_enabled stderr_syslog environment directory umask serverurl"},
    // dinit-service(5)
    {"unit",
     "type command stop-command working-dir run-as env-file restart smooth-recovery "
     "restart-delay restart-limit-interval restart-limit-count start-timeout stop-timeout "
     "pid-file depends-on depends-ms waits-for depends-on.d depends-ms.d waits-for.d before "
     "after chain-to socket-listen socket-permissions socket-uid socket-gid term-signal "
     "ready-notification log-type logfile logfile-permissions logfile-uid logfile-gid "
     "log-buffer-size consumer-of options load-options inittab-id inittab-line rlimit-nofile "
     "rlimit-core rlimit-data rlimit-addrspace run-in-cgroup capabilities securebits nice "
     "ioprio oom-score-adj cpu-affinity"},
    // openrc-run(8)
    {"unit",
     "command command_args command_args_background command_args_foreground command_background "
     "command_user command_progress directory chroot pidfile procname capabilities supervisor "
     "respawn_delay respawn_max respawn_period retry stopsig output_log error_log "
     "output_logger error_logger input_file umask required_dirs required_files extra_commands "
     "extra_started_commands extra_stopped_commands description start_stop_daemon_args "
     "supervise_daemon_args healthcheck_delay healthcheck_timer need use want after before "
     "provide keyword rc_need rc_use rc_want rc_after rc_before rc_ulimit no_new_privs secbits "
     "notify in_background_fake rc_cgroup_settings rc_cgroup_memory SSD_NICELEVEL "
     "SSD_IONICELEVEL SSD_OOM_SCORE_ADJ"},
    // runit, s6 and s6-rc
    {"unit",
     "run finish check conf down up type notification-fd timeout-kill timeout-finish "
     "timeout-up timeout-down max-death-tally down-signal lock-fd flag-newpidns flag-essential "
     "contents contents.d dependencies.d producer-for consumer-for pipeline-name env instance "
     "event"},
    // finit
    {"unit",
     "name pid log respawn halt kill reload env cleanup ready pre post manual restart oncrash "
     "conflict if user group caps nowarn runlevel runlevels notify type cgroup rlimit task "
     "sysv"},
    // Horust
    {"unit",
     "command start-delay start-after stdout stdout-rotate-size stderr user working-directory "
     "signal-rewrite"},
    // Horust
    {"restart",
     "strategy backoff attempts"},
    // Horust
    {"healthiness",
     "http-endpoint file-path max-failed command"},
    // Horust
    {"failure",
     "successful-exit-code strategy"},
    // Horust
    {"termination",
     "signal wait die-if-failed"},
    // Horust
    {"environment",
     "keep-env re-export additional"},
    // Horust
    {"resource-limit",
     "cpu memory pids-max"},
    // compose
    {"unit",
     "image build command entrypoint container_name environment env_file depends_on restart "
     "healthcheck user working_dir ulimits cpus cpuset cpu_shares cpu_quota cpu_period "
     "mem_limit mem_reservation memswap_limit pids_limit oom_kill_disable oom_score_adj "
     "cap_add cap_drop init stop_signal stop_grace_period logging ports expose volumes "
     "networks network_mode tty stdin_open labels hostname domainname privileged read_only "
     "tmpfs security_opt sysctls shm_size deploy profiles scale extends links external_links "
     "cgroup_parent group_add dns extra_hosts ipc pid platform pull_policy runtime devices "
     "configs secrets"},
    // compose
    {"healthcheck",
     "test interval timeout retries start_period start_interval disable"},
    // the predecessor
    {"unit",
     "exec oneshot test after signal shutdown_timeout log env dir"},
};
// clang-format on

TEST_CASE("a key or section of another init system is told with what it is here",
          "[config][spec]") {
  const struct {
    std::string line, told;
  } rows[] = {
      {"ExecStart = 'x'", "; write \"exec\""},
      {"command = 'x'", "; write \"exec\""},
      {"working-directory = '/'", "; write \"dir\""},
      {"Environment = 'A=b'", "; write \"env\", a table: env = { NAME = \"value\" }"},
      {"env-file = '/x'", "; write \"env_file\""},
      {"User = 'x'", "; write \"user\""},
      {"depends-on = ['x']", "; write \"requires\" in [dependencies]"},
      {"Wants = 'x'", "; write \"wants\" in [dependencies]"},
      {"waits-for = ['x']", "; write \"wants\" in [dependencies]"},
      {"Restart = 'always'", "; write \"restart\" in [lifecycle]"},
      {"restart-delay = 5", "; write \"restart_delay_ms\" in [lifecycle], in milliseconds"},
      {"TimeoutStopSec = 5", "; write \"stop_timeout_ms\" in [lifecycle], in milliseconds"},
      {"smooth-recovery = true", "; write \"restart\" in [lifecycle]"},
      {"StandardOutput = 'file:/x'", "; write \"file\" in [logging], an absolute path"},
      {"LimitNOFILE = 5", "; write \"nofile\" in [limits]"},
      {"PIDFile = '/x'", "; write \"pidfile\" in [readiness]"},
      {"type = 'forking'",
       "; write oneshot = true in [service], or \"notify\" or \"pidfile\" in [readiness]"},
      {"before = ['x']", "; write \"before\" in [dependencies]"},
      {"WantedBy = 'x'", "; write \"wanted_by\" in [dependencies]"},
      {"requires = ['x']", "; write \"requires\" in [dependencies]"},
  };
  for (const auto& [line, told] : rows) {
    INFO(line);
    const std::string key = line.substr(0, line.find(' '));
    CHECK(messages_of("[service]\nexec='run'\n" + line + "\n") ==
          Lines{"f.toml:3:1: warning: service." + key + ": unknown key" + told});
  }
  CHECK(messages_of("[service]\nexec='run'\n[Unit]\n") ==
        Lines{"f.toml:3:2: warning: Unit: unknown section; put the description in [service], and "
              "names of others in [dependencies]"});
  CHECK(messages_of("[service]\nexec='run'\n[Install]\n") ==
        Lines{"f.toml:3:2: warning: Install: unknown section; write \"wanted_by\" in "
              "[dependencies]"});
  CHECK(find_key("dependencies", "wanted_by") != nullptr);
  CHECK(messages_of("[Service]\nexec='run'\n") ==
        Lines{"f.toml:1:2: error: Service: unknown section, did you mean [service]?"});
}

TEST_CASE("words for what a service is bound to, checked by and held back for lead to their keys",
          "[config][spec]") {
  const struct {
    std::string section, word, told;
  } rows[] = {
      {"Unit", "BindsTo", "; write \"binds_to\" in [dependencies]"},
      {"Unit", "StopWhenUnneeded", "; write \"stop_when_unneeded\" in [lifecycle]"},
      {"Unit", "OnFailure", "; write \"on_failure\" in [lifecycle]"},
      {"Unit", "FailureAction", "; write \"on_failure_action\" in [lifecycle]"},
      {"Unit", "StartLimitAction", "; write \"on_failure_action\" in [lifecycle]"},
      {"unit", "oncrash", "; write \"on_failure_action\" in [lifecycle]"},
      {"Install", "RequiredBy", "; write \"required_by\" in [dependencies]"},
      {"Service", "ExecCondition", "; write \"exec\" in [condition]"},
      {"Service", "ExecStartPost", "; write \"ready_exec\" in [service]"},
      {"unit", "ready", "; write \"ready_exec\" in [service]"},
      {"Service", "ExecStop", "; write \"stop_exec\" in [service]"},
      {"Service", "RemainAfterExit",
       "; write \"oneshot\" in [service], whose exit with 0 satisfies dependents"},
      {"Service", "KillMode", "; write \"kill_mode\" in [lifecycle]"},
      {"Service", "RestartPreventExitStatus", "; write \"no_restart_on\" in [lifecycle]"},
      {"Service", "NotifyAccess", "; write \"notify_access\" in [readiness]"},
      {"Service", "LogRateLimitBurst", "; write \"rate_lines\" in [logging]"},
      {"Service", "LogRateLimitIntervalSec",
       "; write \"rate_interval_ms\" in [logging], in milliseconds"},
      {"program:x", "redirect_stderr", "; write \"merge_stderr\" in [logging]"},
      {"program:x", "startsecs", "; write \"after_ms\" in [readiness], in milliseconds"},
      {"unit", "extra_started_commands",
       "; write \"reload_exec\" and \"check_exec\" in [service], or a oneshot for each command"},
  };
  for (const auto& [section, word, told] : rows) {
    INFO("[" << section << "] " << word);
    CHECK(foreign_key(section, word) == told);
  }
}

TEST_CASE("each word of another init system's manual has a hint", "[config][spec]") {
  for (const auto& [section, words] : kManuals)
    for (const std::string_view word : split(words, ' ')) {
      INFO("[" << section << "] " << word);
      const std::string told = foreign_key(section, word);
      CHECK(told.starts_with("; "));
    }
  CHECK(foreign_key("service", "xyzzy").empty());
  CHECK(foreign_key("service", "-").empty());
}

TEST_CASE("each key that a hint names exists, and a word has one meaning in a section",
          "[config][spec]") {
  std::set<std::string> seen;
  for (const ForeignWord& word : foreign_words()) {
    INFO(word.theirs);
    for (const std::string_view one : split(word.theirs, ' '))
      CHECK(seen.insert(std::string(word.section) + "." + std::string(one)).second);
    if (word.ours == kAdvice || word.ours == kNoSuchKey) {
      CHECK_FALSE(word.remark.empty());
      continue;
    }
    const std::size_t dot = word.ours.find('.');
    CHECK(find_key(word.ours.substr(0, dot), word.ours.substr(dot + 1)) != nullptr);
  }
}

TEST_CASE("a section that differs in case alone is looked into, and so is another init system's",
          "[config][spec]") {
  CHECK(messages_of("[Service]\nexec='run'\nExecStop='x'\nxyzzy=1\n")[1] ==
        "f.toml:3:1: warning: service.ExecStop: unknown key; write \"stop_exec\"");
  CHECK(messages_of("[service]\nexec='run'\n[Unit]\nDescription='x'\nrequires=['y']\n") ==
        Lines{"f.toml:3:2: warning: Unit: unknown section; put the description in [service], and "
              "names of others in [dependencies]",
              "f.toml:4:1: warning: Unit.Description: unknown key; write \"description\" in "
              "[service]",
              "f.toml:5:1: warning: Unit.requires: unknown key; write \"requires\" in "
              "[dependencies]"});
}

TEST_CASE("the known keys are listed once a file", "[config][spec]") {
  const Lines lines = messages_of("[service]\nexec='run'\nplughplugh=1\nplughplughs=2\n");
  CHECK(lines.size() == 2);
  CHECK(lines[0].find(", must be \"name\"") != std::string::npos);
  CHECK(lines[1] == "f.toml:4:1: warning: service.plughplughs: unknown key");
}

}  // namespace
}  // namespace config_foreign_keys_test
