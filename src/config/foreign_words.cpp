// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The words of other init systems, and their counterparts here. See foreign_keys.hpp.
#include "config/foreign_keys.hpp"

namespace zinit {

namespace {

constexpr std::string_view kMilliseconds = ", in milliseconds";
constexpr std::string_view kSandbox =
    "start the program through bwrap(1) or unshare(1), which restrict what it sees and does";
constexpr std::string_view kSocketOption = "the program sets such an option of a socket by itself";
constexpr std::string_view kCritical =
    "write critical = true in [service], if the machine or container cannot go on without it";
constexpr std::string_view kContainer =
    "zinit starts processes; what they run in is the business of the container engine";
constexpr std::string_view kOneFile =
    "the section stands in the file of the service that it starts";
constexpr std::string_view kInstances =
    "write a template, NAME@.toml, and a target that requires its instances";
constexpr std::string_view kWhole = "remove the key";
constexpr std::string_view kFirewall = "write the rule into the machine's firewall";
constexpr std::string_view kModeAnd =
    "the directory has the mode 0755; a command of \"pre_exec\" can change it";

// The first matching row counts, and rows with a section come before rows without one.
constexpr ForeignWord kForeignWords[] = {
    // --- of one section only ---------------------------------------------------------------------
    {"priority", "socket", kNoSuchKey, kSocketOption},
    {"strategy", "failure", kAdvice, kCritical},
    {"command", "healthiness", "health.exec", ", and type = \"exec\""},
    {"test", "healthcheck", "health.exec", ", and type = \"exec\""},
    {"interval", "healthcheck", "health.interval_ms", kMilliseconds},
    {"timeout", "healthcheck", "health.timeout_ms", kMilliseconds},
    {"startinterval", "healthcheck", "health.start_interval_ms", kMilliseconds},
    {"startperiod", "healthcheck", "lifecycle.start_timeout_ms", kMilliseconds},
    {"disable", "healthcheck", kNoSuchKey, "leave the section out"},
    {"unit service", "timer", kNoSuchKey, kOneFile},
    {"unit service", "path", kNoSuchKey, kOneFile},
    {"unit service", "socket", kNoSuchKey, kOneFile},

    // --- the command, and commands beside it -----------------------------------------------------
    {"command cmd run program execstart entrypoint", "", "service.exec"},
    {"commandargs commandargsbackground commandargsforeground", "", "service.exec",
     ", with the arguments behind the program"},
    {"up", "", "service.exec", ", and oneshot = true"},
    {"remainafterexit task sysv", "", "service.oneshot",
     ", whose exit with 0 satisfies dependents"},
    {"workdir workingdirectory workingdir cwd directory", "", "service.dir"},
    {"processname", "", "service.name"},
    {"environment additional passenvironment", "", "service.env",
     ", a table: env = { NAME = \"value\" }"},
    {"unsetenvironment", "", "service.env", ", which takes a variable out: env = { NAME = false }"},
    {"execsearchpath", "", "service.env", ", a table: env = { PATH = \"/opt/bin:/usr/bin\" }"},
    {"keepenv reexport", "", "service.env", ", with each variable that the service needs"},
    {"environmentfile envfile conf", "", "service.env_file"},
    {"runas commanduser", "", "service.user"},
    {"dynamicuser", "", "service.user", ", a user that exists, or a number"},
    {"supplementarygroups groupadd", "", "service.groups"},
    {"execstartpre pre startpre", "", "service.pre_exec"},
    {"execstartpost ready startpost", "", "service.ready_exec"},
    {"execstop stopcommand execstoppre stoppre", "", "service.stop_exec"},
    {"execstoppost post cleanup finish stoppost", "", "service.post_exec"},
    {"execreload reload", "", "service.reload_exec"},
    {"execcondition if", "", "condition.exec"},
    {"runtimedirectory", "", "service.runtime_dir"},
    {"statedirectory", "", "service.state_dir"},
    {"cachedirectory", "", "service.cache_dir"},
    {"logsdirectory", "", "service.log_dir"},
    {"runtimedirectorymode statedirectorymode cachedirectorymode logsdirectorymode", "", kNoSuchKey,
     kModeAnd},
    {"configurationdirectory configurationdirectorymode runtimedirectorypreserve", "", kNoSuchKey,
     "write a command of \"pre_exec\" that makes the directory"},
    {"ttypath", "", "service.tty"},
    {"down", "", kAdvice,
     "write \"stop_exec\" in [service]; or status = \"stop\" there, for a service "
     "that is not started at boot"},
    {"autostart manual", "", "service.status", ": \"start\", or \"stop\" for not at boot"},
    {"ignoreonisolate essential flagessential", "", "service.class", ": \"system\""},
    {"type", "", kAdvice,
     "write oneshot = true in [service], or \"notify\" or \"pidfile\" in [readiness]"},
    {"guessmainpid", "", "readiness.pidfile"},
    {"commandbackground", "", kAdvice,
     "leave out the option that sends the program to the background; "
     "or write \"pidfile\" in [readiness]"},

    // --- dependencies ----------------------------------------------------------------------------
    {"dependson dependsms need needs rcneed requisite propagatesstopfrom stoppropagatedfrom "
     "dieiffailed",
     "", "dependencies.requires"},
    {"onfailure", "", "lifecycle.on_failure"},
    {"partof", "", "dependencies.requires", ", which starts the other as well"},
    {"requisiteof consistsof propagatesstopto", "", "dependencies.required_by"},
    {"waitsfor use want rcuse rcwant", "", "dependencies.wants"},
    {"upholds", "", "dependencies.wants", ", and restart = \"always\" in [lifecycle] of the other"},
    {"upheldby", "", "dependencies.wanted_by", ", and restart = \"always\" in [lifecycle]"},
    {"rcafter startafter", "", "dependencies.after"},
    {"rcbefore", "", "dependencies.before"},
    {"conflict conflictedby", "", "dependencies.conflicts"},
    {"priority", "", "dependencies.after", ", with the services that start before this one"},
    {"requiresmountsfor wantsmountsfor", "", "dependencies.requires",
     ", with the service that mounts it; or write \"path_is_mount\" in [condition]"},
    {"dependsond dependsmsd waitsford dependenciesd contents contentsd", "",
     "dependencies.requires", ", with the names of the services"},
    {"provide rcprovide alias", "", kNoSuchKey, "a service has one name, which the others write"},
    {"documentation", "", kNoSuchKey, "write it as a comment"},
    {"also", "", kNoSuchKey, "enable the other one by its own name"},
    {"defaultinstance", "", kNoSuchKey, "write the instance where it is named: NAME@INSTANCE"},
    {"runlevel runlevels", "", kAdvice,
     "write \"wanted_by\" in [dependencies], with the target that "
     "stands for the runlevel"},
    {"keyword", "", kAdvice, "write \"virtualization\" in [condition]"},
    {"chainto onsuccess", "", "service.post_exec",
     ", a command that starts the other: zinitctl start NAME"},
    {"onfailurejobmode onsuccessjobmode refusemanualstart refusemanualstop allowisolate "
     "defaultdependencies collectmode survivefinalkillsignal joinsnamespaceof sourcepath "
     "startdelay "
     "jobtimeoutaction jobtimeoutrebootargument rebootargument successaction "
     "successactionexitstatus "
     "failureactionexitstatus triggers triggeredby following debuginvocation",
     "", kNoSuchKey, kWhole},
    {"propagatesreloadto reloadpropagatedfrom", "", "service.reload_exec",
     ", a command that reloads the others as well: zinitctl reload NAME"},

    // --- lifecycle -------------------------------------------------------------------------------
    {"autorestart respawn smoothrecovery strategy", "", "lifecycle.restart"},
    {"restartsec restartdelay respawndelay backoff", "", "lifecycle.restart_delay_ms",
     kMilliseconds},
    {"restartmaxdelaysec restartsteps respawndelaycap respawndelaystep", "",
     "lifecycle.restart_delay_max_ms", kMilliseconds},
    {"startlimitburst restartlimitcount startretries respawnmax maxdeathtally attempts", "",
     "lifecycle.max_restarts"},
    {"startlimitintervalsec startlimitinterval restartlimitinterval respawnperiod", "",
     "lifecycle.stability_period_ms", kMilliseconds},
    {"startlimitaction failureaction oncrash", "", "lifecycle.on_failure_action"},
    {"timeoutstartsec starttimeout timeoutup jobtimeoutsec jobrunningtimeoutsec", "",
     "lifecycle.start_timeout_ms", kMilliseconds},
    {"timeoutstopsec stoptimeout stopwaitsecs stopgraceperiod timeoutdown timeoutkill "
     "timeoutfinish "
     "shutdowntimeout wait retry kill timeoutabortsec",
     "", "lifecycle.stop_timeout_ms", kMilliseconds},
    {"timeoutsec", "", kAdvice,
     "write \"start_timeout_ms\" and \"stop_timeout_ms\" in [lifecycle], in milliseconds"},
    {"killsignal termsignal termsig stopsig downsignal signal halt restartkillsignal signalrewrite",
     "", "lifecycle.stop_signal"},
    {"successexitstatus exitcodes successfulexitcode", "", "lifecycle.success"},
    {"restartpreventexitstatus", "", "lifecycle.no_restart_on"},
    {"restartforceexitstatus", "", kAdvice,
     "write restart = \"always\" in [lifecycle]; codes of \"success\" "
     "are not started again by \"on-failure\""},
    {"stopasgroup killasgroup sendsigkill sendsighup finalkillsignal watchdogsignal "
     "timeoutstartfailuremode "
     "timeoutstopfailuremode",
     "", "lifecycle.kill_mode",
     ": \"all\" signals the group, and SIGKILL follows after \"stop_timeout_ms\""},
    {"runtimemaxsec runtimerandomizedextrasec", "", kNoSuchKey,
     "start the program through timeout(1)"},
    {"exittype restartmode nonblocking rootdirectorystartonly oompolicy timeoutcleansec "
     "usbfunctiondescriptors usbfunctionstrings filedescriptorstorepreserve ignoresigpipe "
     "keyringmode "
     "timerslacknsec removeipc coredumpfilter utmpidentifier utmpmode setloginenvironment "
     "inittabid "
     "inittabline options loadoptions unmaskintr commandprogress procname lockfd flagnewpidns "
     "instance "
     "event infakebackground inbackgroundfake nowarn refreshinterval refreshonreload",
     "", kNoSuchKey, kWhole},
    {"permissionsstartonly", "", kNoSuchKey,
     "\"pre_exec\" has the service's user; require a oneshot that does the rest"},
    {"busname", "", kAdvice,
     "write \"notify\" in [readiness]; or type = \"exec\" and \"exec\" in [health], a "
     "command that asks for the name"},
    {"openfile", "", kNoSuchKey, "open the file in \"exec\": exec = \"exec program 3</path\""},
    {"sockets socketactivation", "", kAdvice, "write [socket] in this file"},
    {"extracommands extrastartedcommands extrastoppedcommands", "", kAdvice,
     "write \"reload_exec\" and \"check_exec\" in [service], or a oneshot for each command"},

    // --- health, readiness -----------------------------------------------------------------------
    {"healthcheck healthcmd check test", "", "health.exec", ", and type = \"exec\""},
    {"httpendpoint", "", "health.endpoint", ", and type = \"http\""},
    {"maxfailed", "", "health.retries"},
    {"healthchecktimer", "", "health.interval_ms", kMilliseconds},
    {"healthcheckdelay", "", "health.start_interval_ms", kMilliseconds},
    {"watchdogsec", "", "readiness.watchdog_ms", kMilliseconds},
    {"pid", "", "readiness.pidfile"},
    {"filepath", "", kAdvice,
     "write type = \"exec\" in [health], and \"exec\", a command that looks for the file"},
    {"readynotification notificationfd", "", "readiness.notify", ": \"fd:N\""},
    {"startsecs", "", "readiness.after_ms", kMilliseconds},
    {"filedescriptorstoremax", "", "readiness.fdstore_max"},

    // --- logging ---------------------------------------------------------------------------------
    {"logfile standardoutput standarderror stdoutlogfile stderrlogfile stdout stderr outputlog "
     "errorlog",
     "", "logging.file", ", an absolute path"},
    {"log logtype logging", "", kAdvice,
     "write keys in [logging]; the last lines are kept in any case"},
    {"outputlogger errorlogger stdoutsyslog stderrsyslog", "", "logging.syslog",
     ": \"unix:/dev/log\""},
    {"redirectstderr", "", "logging.merge_stderr"},
    {"stdoutlogfilemaxbytes stderrlogfilemaxbytes stdoutrotatesize", "", "logging.file_max_bytes"},
    {"stdoutlogfilebackups stderrlogfilebackups", "", "logging.file_keep"},
    {"logbuffersize", "", "logging.buffer_bytes"},
    {"logratelimitintervalsec", "", "logging.rate_interval_ms", kMilliseconds},
    {"logratelimitburst", "", "logging.rate_lines"},
    {"producerfor consumerfor consumerof pipelinename", "", kAdvice,
     "leave it out: zinit keeps each service's output, and sends it on by keys in [logging]"},
    {"logfilepermissions logfileuid logfilegid loglevelmax logextrafields logfilterpatterns "
     "lognamespace "
     "syslogidentifier syslogfacility sysloglevel sysloglevelprefix stdoutcapturemaxbytes "
     "stderrcapturemaxbytes stdouteventsenabled stderreventsenabled serverurl "
     "stdoutshouldappendtimestamptofilename stripansi",
     "", kNoSuchKey, kWhole},
    {"standardinput inputfile stdinopen", "", kAdvice,
     "leave it out: standard input is /dev/null; \"tty\" in "
     "[service] gives a terminal, and \"accept\" in [socket] a connection"},
    {"standardinputtext standardinputdata", "", kNoSuchKey,
     "write the text into \"exec\": exec = \"echo text | program\""},
    {"ttyreset ttyvhangup ttyrows ttycolumns ttyvtdisallocate", "", kNoSuchKey, kWhole},

    // --- the process -----------------------------------------------------------------------------
    {"nice nicelevel ssdnicelevel", "", "process.nice"},
    {"ioprio ioschedulingclass ssdionicelevel", "", "process.io_class"},
    {"ioschedulingpriority", "", "process.io_priority"},
    {"oomscoreadjust ssdoomscoreadj oomkilldisable", "", "process.oom_score_adj"},
    {"cpuaffinity cpuset allowedcpus startupallowedcpus", "", "process.cpu_affinity"},
    {"cpuschedulingpolicy", "", "process.scheduler"},
    {"cpuschedulingpriority", "", "process.priority"},
    {"cpuschedulingresetonfork limitrttime", "", kNoSuchKey, kWhole},
    {"rootdirectory chroot", "", "process.root"},
    {"nonewprivileges", "", "process.no_new_privs"},
    {"capabilityboundingset ambientcapabilities caps capadd capdrop", "", "process.capabilities"},
    {"startstopdaemonargs supervisedaemonargs supervisor", "", kAdvice,
     "write keys in [service] and [process]; zinit supervises each service"},
    {"numapolicy numamask allowedmemorynodes startupallowedmemorynodes", "", kNoSuchKey,
     "start the program through numactl(8)"},
    {"personality", "", kNoSuchKey, "start the program through setarch(8)"},
    {"pamname", "", kNoSuchKey,
     "start the program through runuser(1), which opens a session of PAM"},
    {"selinuxcontext apparmorprofile smackprocesslabel", "", kNoSuchKey,
     "start the program through runcon(1) or aa-exec(1)"},
    {"secbits securebits", "", kNoSuchKey, "start the program through setpriv(1)"},
    {"loadcredential loadcredentialencrypted setcredential setcredentialencrypted importcredential",
     "", kNoSuchKey,
     "write the path of a file that the user of the service alone can read into \"env\""},
    {"rootimage rootimageoptions rootimagepolicy roothash roothashsignature rootverity "
     "rootephemeral "
     "extensiondirectories extensionimages extensionimagepolicy mountimages mountimagepolicy "
     "mountapivfs "
     "protectproc procsubset bindpaths bindreadonlypaths bindlogsockets temporaryfilesystem "
     "privatebpf "
     "bpfdelegatecommands bpfdelegatemaps bpfdelegateprograms bpfdelegateattachments "
     "memorydenywriteexecute restrictnamespaces restrictrealtime restrictsuidsgid "
     "restrictaddressfamilies restrictfilesystems lockpersonality systemcallfilter "
     "systemcallarchitectures systemcallerrornumber systemcalllog protectsystem protecthome "
     "readwritepaths readonlypaths inaccessiblepaths execpaths noexecpaths readwritedirectories "
     "readonlydirectories inaccessibledirectories privatetmp privatedevices privatenetwork "
     "networknamespacepath privateipc ipcnamespacepath privatepids privateusers protecthostname "
     "protectclock protectkerneltunables protectkernelmodules protectkernellogs "
     "protectcontrolgroups "
     "privatemounts mountflags devicepolicy deviceallow delegatenamespaces usernamespacepath",
     "", kNoSuchKey, kSandbox},

    // --- resources -------------------------------------------------------------------------------
    {"cpuquota cpus cpuperiod", "", "resources.cpu_max"},
    {"cpushares startupcpuweight startupcpushares", "", "resources.cpu_weight"},
    {"blockioweight startupioweight startupblockioweight", "", "resources.io_weight"},
    {"memory memorylimit memlimit startupmemorymax", "", "resources.memory_max"},
    {"startupmemoryhigh memreservation", "", "resources.memory_high"},
    {"memoryswapmax startupmemoryswapmax memswaplimit", "", "resources.swap_max"},
    {"tasksmax pidslimit", "", "resources.pids_max"},
    {"rlimit rculimit ulimits", "", kAdvice, "write keys in [limits]"},
    {"rccgroupsettings rccgroupmemory rccgroupcpu rccgroupblkio rccgroupcpuset cgroup", "", kAdvice,
     "write keys in [resources]"},
    {"cpuaccounting memoryaccounting tasksaccounting ioaccounting ipaccounting blockioaccounting",
     "", kNoSuchKey, "leave it out: `zinitctl stats` counts for each service"},
    {"cpuquotaperiodsec memorylow memorymin startupmemorylow memoryzswapmax startupmemoryzswapmax "
     "memoryzswapwriteback defaultmemorylow defaultmemorymin iodeviceweight ioreadbandwidthmax "
     "iowritebandwidthmax ioreadiopsmax iowriteiopsmax iodevicelatencytargetsec "
     "blockiodeviceweight "
     "blockioreadbandwidth blockiowritebandwidth slice delegatesubgroup delegatecontrollers "
     "disablecontrollers runincgroup managedoomswap managedoommemorypressure "
     "managedoommemorypressurelimit managedoommemorypressuredurationsec managedoompreference "
     "memorypressurewatch memorypressurethresholdsec cpupressurewatch cpupressurethresholdsec "
     "iopressurewatch iopressurethresholdsec cpusetpartition coredumpreceive",
     "", kNoSuchKey, kWhole},
    {"ipaddressallow ipaddressdeny ipingressfilterpath ipegressfilterpath bpfprogram "
     "socketbindallow "
     "socketbinddeny restrictnetworkinterfaces nftset",
     "", kNoSuchKey, kFirewall},

    // --- timers, paths, sockets ------------------------------------------------------------------
    {"oncalendar", "", "timer.calendar"},
    {"onbootsec onstartupsec onactivesec", "", "timer.on_boot_ms", kMilliseconds},
    {"onunitactivesec onunitinactivesec", "", "timer.every_ms",
     ", in milliseconds from the last start"},
    {"randomizeddelaysec", "", "timer.random_delay_ms", kMilliseconds},
    {"accuracysec fixedrandomdelay randomizedoffsetsec deferreactivation onclockchange "
     "ontimezonechange "
     "wakesystem remainafterelapse",
     "", kNoSuchKey, "remove it; zinit's timers are exact, follow the clock and wake no machine"},
    {"pathexists", "", "path.exists"},
    {"pathchanged pathmodified", "", "path.changed"},
    {"pathexistsglob", "", "path.directory_not_empty", ", with the directory of the files"},
    {"makedirectory directorymode", "", "service.pre_exec", ", a command that makes the directory"},
    {"triggerlimitintervalsec triggerlimitburst polllimitintervalsec polllimitburst", "",
     kNoSuchKey, kWhole},
    {"listenstream socketlisten", "", "socket.listen", ": \"host:port\" or \"unix:/path\""},
    {"listendatagram", "", "socket.listen", ": \"udp:host:port\" or \"unix-dgram:/path\""},
    {"listenfifo", "", "socket.listen", ": \"fifo:/path\""},
    {"listensequentialpacket listenspecial listennetlink listenmessagequeue listenusbfunction", "",
     kNoSuchKey, "the program opens it by itself"},
    {"socketprotocol bindipv6only bindtodevice writable flushpending acceptfilesystemdescriptors "
     "keepalivetimesec keepaliveintervalsec keepaliveprobes nodelay deferacceptsec receivebuffer "
     "sendbuffer iptos ipttl mark smacklabel smacklabelipin smacklabelipout selinuxcontextfromnet "
     "pipesize messagequeuemaxmessages messagequeuemessagesize transparent broadcast "
     "passcredentials "
     "passpidfd passsecurity passpacketinfo acceptfiledescriptors passfiledescriptorstoexec "
     "timestamping tcpcongestion defertrigger defertriggermaxsec xattraccept xattrlisten",
     "", kNoSuchKey, kSocketOption},
    {"socketuser socketuid", "", "socket.user"},
    {"socketgroup socketgid", "", "socket.group"},
    {"socketmode socketpermissions", "", "socket.mode"},
    {"filedescriptorname", "", "socket.names"},
    {"maxconnectionspersource", "", "socket.max_connections", ", which counts all connections"},
    {"removeonstop symlinks", "", kNoSuchKey, kWhole},

    // --- conditions of other kinds ---------------------------------------------------------------
    {"requiredfiles requireddirs", "", "condition.path_exists"},

    // --- only in containers and groups -----------------------------------------------------------
    {"numprocs numprocsstart scale", "", kNoSuchKey, kInstances},
    {"init", "", kNoSuchKey, "leave it out: zinit reaps what the services leave"},
    {"image build containername labels networks volumes expose hostname privileged securityopt "
     "sysctls "
     "shmsize deploy profiles extends links externallinks cgroupparent configs secrets devices dns "
     "dnssearch dnsopt domainname extrahosts ipc isolation macaddress networkmode platform "
     "pullpolicy "
     "readonly storageopt tmpfs usernsmode volumesfrom annotations attach blkioconfig develop uts "
     "runtime gpus devicecgrouprules credentialspec uses",
     "", kNoSuchKey, kContainer},
};

constexpr ForeignWord kForeignSections[] = {
    {"unit", "", kAdvice,
     "put the description in [service], and names of others in [dependencies]"},
    {"install", "", kAdvice, "write \"wanted_by\" in [dependencies]"},
    {"program fcgiprogram", "", kAdvice, "write [service], in a file for each program"},
    {"group", "", kAdvice, "write [target], in a file of its own"},
    {"eventlistener", "", kNoSuchKey, "follow `zinitctl events -f --json`"},
    {"supervisord supervisorctl unixhttpserver inethttpserver rpcinterface include", "", kNoSuchKey,
     "global settings stand in zinit.toml"},
    {"mount automount swap", "", kAdvice,
     "write [service] with oneshot = true, \"exec\" that mounts and "
     "\"stop_exec\" that takes it back"},
    {"slice scope", "", kNoSuchKey, "write keys in [resources] of each service"},
    {"restart failure termination", "", kAdvice, "write keys in [lifecycle]"},
    {"healthiness healthcheck", "", kAdvice, "write [health]"},
    {"environment", "", kAdvice, "write \"env\" in [service], a table: env = { NAME = \"value\" }"},
    {"resourcelimit", "", kAdvice, "write keys in [resources]"},
    {"ulimits rlimits", "", kAdvice, "write keys in [limits]"},
};

}  // namespace

std::span<const ForeignWord> foreign_words() noexcept { return kForeignWords; }

std::span<const ForeignWord> foreign_sections() noexcept { return kForeignSections; }

}  // namespace zinit
