// What the Filesystem agent decides, by tables of mounts.
#include "daemons/hb-resource/agents/filesystem_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hb::agent::filesystem {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kRootDisk = 0x800;
constexpr std::uint64_t kDisk = 0x811;
constexpr std::uint64_t kOtherDisk = 0x821;

MountEntry mount(const std::string& target, const std::string& source, std::uint64_t device,
                 const std::string& fstype = "ext4", const std::string& super = "rw") {
    return {.device = device,
            .root = "/",
            .target = target,
            .fstype = fstype,
            .source = source,
            .mount_options = "rw",
            .super_options = super,
            .source_device = source.starts_with("/dev/") ? device : 0,
            .image = ""};
}

const MountEntry kRoot = mount("/", "/dev/sda", kRootDisk);
const Device kOurs{.kind = DeviceKind::kBlock,
                   .written = "/dev/sdb1",
                   .path = "/dev/sdb1",
                   .number = kDisk,
                   .root = ""};
const Device kGone{
    .kind = DeviceKind::kBlock, .written = "UUID=1", .path = "", .number = 0, .root = ""};

Request request(const std::string& options = "", const std::string& fstype = "ext4") {
    return {.device = "/dev/sdb1", .directory = "/srv", .fstype = fstype, .options = options};
}

Request called(config::Parameters parameters) {
    Call call;
    call.parameters = std::move(parameters);
    return request_of(call);
}

std::string start(const MountTable& table, const Device& device = kOurs,
                  const Request& asked = request()) {
    const auto answer = before_start(asked, device, table);
    if (!answer) return "mount";
    return std::to_string(static_cast<int>(answer->code)) + " " + answer->reason;
}

std::string watch(const MountTable& table, const Device& device = kOurs,
                  const Request& asked = request()) {
    const Answer answer = monitor(asked, device, table);
    return std::to_string(static_cast<int>(answer.code)) + " " + answer.reason;
}

// The order in which a stop unmounts.
std::string stop(MountTable table, const Device& device = kOurs, const Request& asked = request()) {
    std::string order;
    while (const MountEntry* next = next_to_unmount(asked, device, table)) {
        order += next->target + " ";
        table.erase(table.begin() + (next - table.data()));
    }
    return order;
}

TEST(FilesystemRequest, ReadsWhatWasGiven) {
    const Request got = called({{"device", "-L data"},
                                {"directory", "//srv//data//"},
                                {"fstype", "none"},
                                {"run_fsck", "force"},
                                {"force_unmount", "safe"},
                                {"fast_stop", "YES"}});
    EXPECT_EQ(got.device, "LABEL=data");
    EXPECT_EQ(got.directory, "/srv/data");
    EXPECT_EQ(got.fstype, "");
    EXPECT_EQ(got.fsck, Fsck::kForce);
    EXPECT_EQ(got.force, ForceUnmount::kSafe);
    EXPECT_TRUE(got.fast_stop);
    EXPECT_EQ(plain_tag("-U 12"), "UUID=12");
    EXPECT_EQ(plain_tag("--label=x"), "LABEL=x");
    EXPECT_EQ(plain_tag("/dev/sdb1"), "/dev/sdb1");
}

TEST(FilesystemRequest, TellsNetworkVirtualAndBoundOnes) {
    const auto kind = [](const std::string& device, const std::string& fstype,
                         const std::string& options = "") {
        const Request r = called(
            {{"device", device}, {"directory", "/srv"}, {"fstype", fstype}, {"options", options}});
        return is_bind(r) ? "bind" : is_network(r) ? "network" : is_virtual(r) ? "virtual" : "disk";
    };
    EXPECT_STREQ(kind("nas:/export", ""), "network");
    EXPECT_STREQ(kind("[2001:db8::1]:/export", "nfs4"), "network");
    EXPECT_STREQ(kind("//nas/share", "cifs"), "network");
    EXPECT_STREQ(kind("vol", "glusterfs"), "network");
    EXPECT_STREQ(kind("tmpfs", "tmpfs"), "virtual");
    EXPECT_STREQ(kind("pool/data", "zfs"), "virtual");
    EXPECT_STREQ(kind("/dev/sdb1", ""), "disk");
    EXPECT_STREQ(kind("UUID=12", ""), "disk");
    EXPECT_STREQ(kind("/data", "none", "rw,bind"), "bind");
    EXPECT_STREQ(kind("/data", "none", "rbind"), "bind");
    EXPECT_STREQ(kind("/dev/sdb1", "ext4", "nobind,binder"), "disk") << "whole words only";
}

TEST(FilesystemStart, MountsWhereNothingIsInTheWay) {
    EXPECT_EQ(start({kRoot}), "mount");
    EXPECT_EQ(start({kRoot, mount("/srv2", "/dev/sdc1", kOtherDisk)}), "mount") << "only a prefix";
    EXPECT_EQ(start({kRoot, mount("/srv", "systemd-1", 0x30, "autofs")}), "mount") << "a trap";
}

TEST(FilesystemStart, IsDoneWhenItIsThere) {
    EXPECT_EQ(start({kRoot, mount("/srv", "/dev/sdb1", kDisk)}), "0 ");
    EXPECT_EQ(start({kRoot, mount("/srv", "/dev/mapper/x", 0x2a, "btrfs")}, kGone), "0 ")
        << "not certainly another's";
}

TEST(FilesystemStart, RefusesAndSaysWhy) {
    EXPECT_EQ(start({kRoot, mount("/srv", "/dev/sdc1", kOtherDisk, "xfs")}),
              "1 cannot mount /dev/sdb1 at /srv: /dev/sdc1 (xfs) is mounted there");
    EXPECT_EQ(start({kRoot, mount("/srv/in", "tmpfs", 0x31, "tmpfs")}),
              "1 cannot mount /dev/sdb1 at /srv: it would hide tmpfs (tmpfs), which is mounted at "
              "/srv/in");
    EXPECT_EQ(start({kRoot, mount("/mnt", "/dev/sdb1", kDisk)}),
              "1 cannot mount /dev/sdb1 at /srv: it is mounted at /mnt on this host");
    EXPECT_THAT(start({kRoot, mount("/srv", "/dev/sdb1", kDisk, "ext4", "ro")}),
                HasSubstr("stop it first"));
    EXPECT_EQ(start({kRoot}, kGone), "5 no device /dev/sdb1");
    Request clone = request();
    clone.is_clone = true;
    EXPECT_THAT(start({kRoot}, kOurs, clone),
                HasSubstr("6 /dev/sdb1 (ext4) can be mounted by one"));
    clone.fstype = "gfs2";
    EXPECT_EQ(start({kRoot}, kOurs, clone), "mount");
}

TEST(FilesystemStart, SeveralMountsOfOneDiskWhereThatIsMeant) {
    const MountTable gfs = {kRoot, mount("/mnt", "/dev/sdb1", kDisk, "gfs2")};
    EXPECT_EQ(start(gfs, kOurs, request("", "gfs2")), "mount") << "made for several";
    const MountTable btrfs = {kRoot, mount("/mnt", "/dev/sdb1", kDisk, "btrfs")};
    EXPECT_EQ(start(btrfs, kOurs, request("subvol=b", "btrfs")), "mount") << "another part of it";
    EXPECT_THAT(start(btrfs, kOurs, request("", "btrfs")), HasSubstr("is mounted at /mnt"));
}

TEST(FilesystemMonitor, RunsOnlyWhenItIsOursAndSound) {
    EXPECT_EQ(watch({kRoot, mount("/srv", "/dev/sdb1", kDisk)}), "0 ");
    EXPECT_EQ(watch({kRoot}), "7 ");
    EXPECT_EQ(watch({kRoot, mount("/srv", "/dev/sdc1", kOtherDisk)}), "7 ");
    EXPECT_EQ(watch({kRoot, mount("/srv", "tmpfs", 0x31, "tmpfs")}, kGone), "7 ");
    EXPECT_EQ(watch({kRoot}, kGone), "7 ");
    for (const char* broken : {"ro", "rw,emergency_ro", "rw,shutdown"})
        EXPECT_EQ(watch({kRoot, mount("/srv", "/dev/sdb1", kDisk, "ext4", broken)}),
                  "1 the kernel made /dev/sdb1 (ext4) at /srv read-only after an error")
            << broken;
    const MountTable read_only = {kRoot, mount("/srv", "/dev/sdb1", kDisk, "ext4", "ro")};
    EXPECT_EQ(watch(read_only, kOurs, request("noatime,ro")), "0 ") << "as asked for";
    const MountTable disc = {kRoot, mount("/srv", "/dev/sdb1", kDisk, "iso9660", "ro")};
    EXPECT_EQ(watch(disc, kOurs, request("", "iso9660")), "0 ") << "by its nature";
}

TEST(FilesystemMonitor, ADiskMountedElsewhereIsNotCalledStopped) {
    EXPECT_EQ(watch({kRoot, mount("/mnt", "/dev/sdb1", kDisk)}),
              "1 /dev/sdb1 is not mounted at /srv, but at /mnt on this host: no other host may "
              "mount it; unmount it there");
}

TEST(FilesystemMonitor, KnowsImagesBoundAndNetworkOnes) {
    MountEntry loop = mount("/srv", "/dev/loop3", 0x703);
    loop.image = "/var/disk.img";
    const Device image{.kind = DeviceKind::kImage,
                       .written = "/var/disk.img",
                       .path = "/var/disk.img",
                       .number = 0,
                       .root = ""};
    EXPECT_EQ(watch({kRoot, loop}, image), "0 ");
    loop.image = "/var/another.img";
    EXPECT_EQ(watch({kRoot, loop}, image), "7 ");

    MountEntry bound = mount("/srv", "/dev/sda", kRootDisk);
    bound.root = "/data/part";
    const auto [device, root] = place_of({kRoot}, "/data/part");
    const Device bind{.kind = DeviceKind::kBind,
                      .written = "/data/part",
                      .path = "/data/part",
                      .number = device,
                      .root = root};
    EXPECT_EQ(watch({kRoot, bound}, bind, request("bind", "")), "0 ");
    bound.root = "/data/other";
    EXPECT_EQ(watch({kRoot, bound}, bind, request("bind", "")), "7 ");

    const Device nfs{.kind = DeviceKind::kNetwork,
                     .written = "nas:/export/",
                     .path = "",
                     .number = 0,
                     .root = ""};
    EXPECT_EQ(watch({kRoot, mount("/srv", "nas:/export", 0x40, "nfs4")}, nfs), "0 ");
    EXPECT_EQ(watch({kRoot, mount("/srv", "10.0.0.9:/export", 0x40, "nfs4")}, nfs), "0 ")
        << "a host has several names";
    EXPECT_EQ(watch({kRoot, mount("/srv", "nas:/else", 0x40, "nfs4")}, nfs), "7 ");
    EXPECT_EQ(watch({kRoot, mount("/mnt", "nas:/export", 0x40, "nfs4")}, nfs), "7 ")
        << "may be mounted as often as one likes";
}

TEST(FilesystemPlaces, FindsWhatAPathIsOn) {
    MountEntry sub = mount("/data", "/dev/sdb1", kDisk);
    sub.root = "/vol";
    const MountTable table = {kRoot, sub, mount("/data/deep", "/dev/sdc1", kOtherDisk)};
    using Place = std::pair<std::uint64_t, std::string>;
    EXPECT_EQ(place_of(table, "/etc/x"), Place(kRootDisk, "/etc/x"));
    EXPECT_EQ(place_of(table, "/data/x"), Place(kDisk, "/vol/x"));
    EXPECT_EQ(place_of(table, "/data"), Place(kDisk, "/vol"));
    EXPECT_EQ(place_of(table, "/data/deep"), Place(kOtherDisk, "/"));
    EXPECT_EQ(place_of(table, "/database"), Place(kRootDisk, "/database"));
}

TEST(FilesystemStop, UnmountsInsideOutAndEverywhere) {
    EXPECT_EQ(stop({kRoot}), "");
    EXPECT_EQ(stop({kRoot, mount("/srv", "/dev/sdc1", kOtherDisk)}), "") << "another's";
    EXPECT_EQ(
        stop({kRoot, mount("/srv", "/dev/sdb1", kDisk), mount("/srv/a", "tmpfs", 0x31, "tmpfs"),
              mount("/srv/a/b", "tmpfs", 0x32, "tmpfs"), mount("/srv2", "x", 0x33, "tmpfs"),
              mount("/mnt", "/dev/sdb1", kDisk), mount("/mnt/a", "tmpfs", 0x34, "tmpfs")}),
        "/mnt/a /mnt /srv/a/b /srv/a /srv ");
    EXPECT_EQ(stop({kRoot, mount("/srv", "/dev/sdb1", kDisk), mount("/srv", "/dev/sdb1", kDisk)}),
              "/srv /srv ")
        << "one upon the other";
    EXPECT_EQ(stop({kRoot, mount("/mnt", "/dev/sdb1", kDisk), mount("/srv", "/dev/sdb1", kDisk)}),
              "/mnt /srv ")
        << "the directory last";
    EXPECT_EQ(stop({kRoot, mount("/srv", "/dev/sdb1", 0x2a, "btrfs")}, kGone), "/srv ")
        << "unplugged";
}

TEST(FilesystemStop, LeavesAloneWhatTheHostStandsOn) {
    Device root = kOurs;
    root.number = kRootDisk;
    EXPECT_EQ(
        stop({kRoot, mount("/proc", "proc", 0x5, "proc"), mount("/srv", "/dev/sda", kRootDisk)},
             root),
        "/srv ");
}

TEST(FilesystemStop, IsNotOverWhileTheDiskIsMountedSomewhere) {
    EXPECT_EQ(after_stop(request(), kOurs, {kRoot}).code, Code::kSuccess);
    EXPECT_THAT(after_stop(request(), kOurs, {kRoot, mount("/mnt", "/dev/sdb1", kDisk)}).reason,
                HasSubstr("but at /mnt on this host"));
}

TEST(FilesystemFsck, LooksAtTypesWithoutAJournal) {
    EXPECT_TRUE(wants_fsck(request(), kOurs, "ext2"));
    EXPECT_FALSE(wants_fsck(request(), kOurs, "ext4"));
    EXPECT_FALSE(wants_fsck(request(), kOurs, ""));
    Request asked = request();
    asked.fsck = Fsck::kForce;
    EXPECT_TRUE(wants_fsck(asked, kOurs, "ext4"));
    asked.fsck = Fsck::kNo;
    EXPECT_FALSE(wants_fsck(asked, kOurs, "ext2"));
    const Device nfs{
        .kind = DeviceKind::kNetwork, .written = "", .path = "", .number = 0, .root = ""};
    EXPECT_FALSE(wants_fsck(request(), nfs, "ext2"));
}

}  // namespace
}  // namespace hb::agent::filesystem
