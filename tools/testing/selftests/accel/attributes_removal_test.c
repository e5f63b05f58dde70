// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs and debugfs show of a device is there neither too late nor too long.
 *
 * Environment:
 *  ACCEL_CYCLES  how often a device comes and goes while all of it is read; if it
 *                is not set, as often as it does in a while
 */
#include <fcntl.h>
#include <glob.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#define CYCLING_MS 2000
#define MAX_CYCLES 1000
#define NS_PER_MS 1000000ULL
#define READERS 2
#define DEBUGFS "/sys/kernel/debug"
#define GENERATION TEST_DRIVER "/generation"

static const char * const attributes[] = {
	"documentation_url", "driver_name", "driver_version", "errors", "open_count",
	"passthrough_calls", "resets", "state", "usage/busy_ns", "usage/completed",
	"usage/submitted", "user_space_license", "user_space_url",
	TEST_DRIVER "/asleep", TEST_DRIVER "/number", TEST_DRIVER "/secret", GENERATION,
};

static const char * const sensors[] = {
	"power1_input", "power1_label", "temp1_input", "temp1_label",
};

FIXTURE(removal) {
	struct node node;
};

FIXTURE_SETUP(removal)
{
	if (!setup_root(_metadata) || !setup_module(_metadata, "ACCEL_TEST_DEVICE_KO"))
		return;
	ASSERT_EQ(0, test_device_add(&self->node));
}

FIXTURE_TEARDOWN_PARENT(removal)
{
	if (self->node.path[0])
		test_device_remove();
}

/* Opened before the device goes, and read afterwards. */
TEST_F(removal, open_attributes)
{
	int fds[ARRAY_SIZE(attributes)];
	char path[256], byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(path, sizeof(path), "%s/%s", self->node.class_dir, attributes[i]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fds[i])
			TH_LOG("%s", path);
		ASSERT_LE(0, pread(fds[i], &byte, 1, 0));
	}
	ASSERT_EQ(0, node_unbind(&self->node));
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		EXPECT_EQ(-1, pread(fds[i], &byte, 1, 0));
		EXPECT_EQ(ENODEV, errno);
		close(fds[i]);
	}
}

/**
 * struct shown - a file, and what it shows of any device of that driver
 * @dir: the folder that it is in, but for its number
 * @number: that number
 * @name: its name
 * @ret: what reading it returns while there is a device
 * @text: what is in it; not for the generation, which is another one each time
 * @is_generation: whether it is that
 */
struct shown {
	const char *dir;
	atomic_uint *number;
	const char *name;
	int ret;
	char text[256];
	bool is_generation;
};

/**
 * struct race - what comes and goes, and those who read it meanwhile
 * @_metadata: of the test
 * @shown: the files
 * @count: how many of them there are
 * @minor: N of the accelN that is there
 * @hwmon: that of its hwmonN
 * @gone: the generation of the last device that has gone
 * @latest: the last one that may be there
 * @seen: the last one that somebody has read
 * @wrong: how often somebody has read what was wrong
 * @stop: set to end it
 */
struct race {
	struct __test_metadata *_metadata;
	struct shown shown[ARRAY_SIZE(attributes) + ARRAY_SIZE(sensors) + 1];
	size_t count;
	atomic_uint minor;
	atomic_uint hwmon;
	atomic_long gone;
	atomic_long latest;
	atomic_long seen;
	atomic_uint wrong;
	atomic_bool stop;
};

static int read_shown(const struct shown *shown, char *text, size_t size)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s%u", shown->dir, atomic_load(shown->number));
	return read_file(dir, shown->name, text, size);
}

static struct shown *add_shown(struct __test_metadata *_metadata, struct race *race,
			       const char *dir, atomic_uint *number, const char *name)
{
	struct shown *shown = &race->shown[race->count++];

	ASSERT_LE(race->count, ARRAY_SIZE(race->shown));
	*shown = (struct shown) {
		.dir = dir,
		.number = number,
		.name = name,
		.is_generation = !strcmp(name, GENERATION),
	};
	shown->ret = read_shown(shown, shown->text, sizeof(shown->text));
	return shown;
}

/* Who has a file of a device open when that goes keeps its number from the next. */
static void note_numbers(struct race *race, const struct node *node)
{
	char path[PATH_MAX + 16];
	glob_t found;

	atomic_store(&race->minor, node->minor);
	snprintf(path, sizeof(path), "%s/hwmon/hwmon*", node->device_dir);
	if (glob(path, 0, NULL, &found))
		return;
	atomic_store(&race->hwmon, atoi(strrchr(found.gl_pathv[0], 'n') + 1));
	globfree(&found);
}

/* Notes what there is, and what it shows. */
static void look_round(struct __test_metadata *_metadata, struct race *race,
		       const struct node *node)
{
	struct shown *shown;
	char path[PATH_MAX + 16];
	size_t i;

	note_numbers(race, node);
	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		shown = add_shown(_metadata, race, "/sys/class/accelerator/accel", &race->minor,
				  attributes[i]);
		ASSERT_EQ(0, shown->ret)
			TH_LOG("%s", attributes[i]);
	}

	snprintf(path, sizeof(path), "%s/hwmon", node->device_dir);
	for (i = 0; i < ARRAY_SIZE(sensors) && !access(path, F_OK); i++) {
		shown = add_shown(_metadata, race, "/sys/class/hwmon/hwmon", &race->hwmon,
				  sensors[i]);
		ASSERT_EQ(0, shown->ret)
			TH_LOG("%s", sensors[i]);
	}

	if (access(DEBUGFS "/accelerator", F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(DEBUGFS "/accelerator", F_OK))
		return;
	shown = add_shown(_metadata, race, DEBUGFS "/accelerator/accel", &race->minor, "numbers");
	/* There are none, says the driver: so it is asked each time. */
	ASSERT_EQ(-ENODATA, shown->ret);
}

static bool is_right_generation(struct race *race, const char *text, long gone)
{
	long generation = strtol(text, NULL, 10);

	if (generation <= gone || generation > atomic_load(&race->latest))
		return false;
	atomic_store(&race->seen, generation);
	return true;
}

static void read_one(struct race *race, const struct shown *shown)
{
	struct __test_metadata *_metadata = race->_metadata;
	long gone = atomic_load(&race->gone);
	char text[sizeof(shown->text)] = "";
	bool is_right;
	int ret;

	ret = read_shown(shown, text, sizeof(text));
	if (ret == -ENOENT || ret == -ENODEV)
		return;
	if (ret || shown->ret)
		is_right = ret == shown->ret;
	else if (shown->is_generation)
		is_right = is_right_generation(race, text, gone);
	else
		is_right = !strcmp(text, shown->text);
	if (is_right)
		return;
	atomic_fetch_add(&race->wrong, 1);
	TH_LOG("%s: %d, \"%s\", after generation %ld", shown->name, ret, text, gone);
}

static void *read_all_the_time(void *data)
{
	struct race *race = data;
	size_t i;

	while (!atomic_load(&race->stop)) {
		for (i = 0; i < race->count; i++)
			read_one(race, &race->shown[i]);
		/* Not all of the processors, which the others need too. */
		usleep(100);
	}
	return NULL;
}

static long read_generation(struct __test_metadata *_metadata, const struct node *node)
{
	long generation;

	ASSERT_EQ(0, read_number(node->class_dir, GENERATION, &generation));
	return generation;
}

/* Each device is known to those who read, and then goes. */
static int cycle(struct __test_metadata *_metadata, struct race *race, struct node *node)
{
	const char *wanted = getenv("ACCEL_CYCLES");
	int n, cycles = wanted ? atoi(wanted) : MAX_CYCLES;
	__u64 timeout, deadline = now_ns() + CYCLING_MS * NS_PER_MS;
	long generation = read_generation(_metadata, node);
	char text[16];

	for (n = 0; n < cycles && (wanted || now_ns() < deadline); n++) {
		timeout = now_ns() + TIMEOUT_MS * NS_PER_MS;
		while (atomic_load(&race->seen) != generation && now_ns() < timeout)
			usleep(100);
		ASSERT_EQ(generation, atomic_load(&race->seen));

		ASSERT_EQ(0, node_unbind(node));
		atomic_store(&race->gone, generation);
		EXPECT_EQ(-ENOENT, read_file(node->class_dir, GENERATION, text, sizeof(text)));
		atomic_store(&race->latest, ++generation);
		ASSERT_EQ(0, node_bind(node));
		note_numbers(race, node);
		ASSERT_EQ(generation, read_generation(_metadata, node));
	}
	return n;
}

TEST_F_TIMEOUT(removal, reads_meanwhile, 300)
{
	static struct race race;
	pthread_t threads[READERS];
	int i;

	race._metadata = _metadata;
	look_round(_metadata, &race, &self->node);
	atomic_store(&race.latest, read_generation(_metadata, &self->node));
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, read_all_the_time, &race));
	TH_LOG("%d cycles", cycle(_metadata, &race, &self->node));
	atomic_store(&race.stop, true);
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, atomic_load(&race.wrong));
}

/* As udevd does: waits until the kernel tells of the device @name. */
static void wait_announced(struct __test_metadata *_metadata, int uevents, const char *name)
{
	char message[4096], end[64];
	ssize_t len;

	snprintf(end, sizeof(end), "/accelerator/%s", name);
	do {
		len = recv(uevents, message, sizeof(message) - 1, 0);
		ASSERT_LT(0, len)
			TH_LOG("%s", strerror(errno));
		message[len] = '\0';
		len = strlen(message) - strlen(end);
	} while (strncmp(message, "add@", 4) || len < 0 || strcmp(message + len, end));
}

static void *bind_now(void *data)
{
	const struct node *node = data;

	return write_file(node->driver_dir, "bind", node_address(node)) ? NULL : data;
}

TEST_F(removal, there_when_announced)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval timeout = { .tv_sec = TIMEOUT_MS / 1000 };
	pthread_t thread;
	__u64 deadline;
	char path[256];
	void *bound;
	size_t i;
	int uevents, n;

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_LE(0, uevents);
	ASSERT_EQ(0, bind(uevents, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, setsockopt(uevents, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)));
	deadline = now_ns() + CYCLING_MS * NS_PER_MS;
	for (n = 0; n < MAX_CYCLES && now_ns() < deadline; n++) {
		ASSERT_EQ(0, node_unbind(&self->node));
		ASSERT_EQ(0, pthread_create(&thread, NULL, bind_now, &self->node));
		wait_announced(_metadata, uevents, self->node.name);
		for (i = 0; i < ARRAY_SIZE(attributes); i++) {
			snprintf(path, sizeof(path), "%s/%s", self->node.class_dir, attributes[i]);
			EXPECT_EQ(0, access(path, R_OK))
				TH_LOG("%s", path);
		}
		ASSERT_EQ(0, pthread_join(thread, &bound));
		ASSERT_NE(NULL, bound);
	}
	close(uevents);
}

TEST_HARNESS_MAIN
