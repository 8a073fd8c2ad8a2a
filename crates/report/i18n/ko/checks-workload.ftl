# "workload" 영역 점검 항목의 문구.

check-apparmor-profile-missing = AppArmor 프로파일 없음
    .message = 컨테이너 { $container }에 AppArmor 프로파일이 지정되지 않았습니다.
    .why = 컨테이너가 제한되는지는 노드에 따라 달라집니다. 프로파일을 지정하면 이를 적용할 수 없는 노드에서는 파드가 실행되지 않습니다.
    .fix = 파드에 `securityContext.appArmorProfile.type: RuntimeDefault`를 설정하십시오.

check-apparmor-unconfined = AppArmor 비활성화
    .message = 컨테이너 { $container }의 AppArmor 프로파일 `{ $profile }`{ JOSA($profile, "은/는") } 아무것도 제한하지 않습니다.
    .why = AppArmor는 컨테이너 탈출에 쓰이는 파일과 커널 인터페이스에 대한 접근을 막습니다. AppArmor를 지원하는 노드에서 다른 파드가 받는 보호를 스스로 없애는 설정입니다.
    .fix = `appArmorProfile.type: RuntimeDefault`를 사용하거나, 노드에 있는 프로파일을 `Localhost`로 지정하십시오.

check-capabilities-not-dropped = 기본 커널 권한을 제거하지 않음
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 필요하지 않을 수 있는 커널 권한(capability)을 그대로 가지고 있습니다.
    .why = 컨테이너 런타임은 로우 소켓, 파일 소유자 변경 등 14가지 권한을 기본으로 부여합니다. 프로그램이 쓰지 않는 권한은 공격자가 쓰게 됩니다.
    .fix = `securityContext.capabilities.drop: ["ALL"]`을 설정하고 꼭 필요한 권한만 다시 추가하십시오.

check-capability-added = 커널 권한 추가
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 커널 권한 { $capability }{ JOSA($capability, "을/를") } 추가합니다.
    .why = 대부분의 프로그램에는 커널 권한(capability)이 필요하지 않습니다. 추가한 권한은 컨테이너에 침입한 공격자도 갖게 됩니다.
    .fix = 프로그램이 이 권한 없이 실행된다면 `securityContext.capabilities.add`에서 { $capability }{ JOSA($capability, "을/를") } 제거하십시오.

check-container-runs-as-root = root로 실행될 수 있는 컨테이너
    .message = { $subject ->
        [container] 컨테이너 { $container }{ JOSA($container, "이/가") } root로 실행되는 것을 막는 설정이 없습니다.
       *[pod] 파드에 추가되는 컨테이너가 root로 실행됩니다(`runAsUser: 0`).
    }
    .why = 컨테이너의 root는 컨테이너를 탈출하는 순간 노드의 root가 되며, 탈출하기 전에도 컨테이너 안의 모든 프로그램을 바꿔치기할 수 있습니다.
    .fix = 파드나 컨테이너에 `securityContext.runAsNonRoot: true`를 설정하고, 이미지가 지원하는 사용자 ID를 `runAsUser`에 지정하십시오.

check-container-runtime-socket-mounted = 컨테이너 런타임 소켓 마운트
    .message = 볼륨 { $volume }{ JOSA($volume, "이/가") } 컨테이너 런타임 소켓 { $path }{ JOSA($path, "을/를") } 마운트합니다.
    .why = 컨테이너 런타임과 통신할 수 있으면 노드 전체를 마운트한 특권 컨테이너를 실행할 수 있습니다. 이 소켓은 곧 노드의 root 권한입니다.
    .fix = 이 볼륨을 제거하십시오. 이미지는 데몬이 필요 없는 도구로 빌드하고, 컨테이너 정보는 kubelet API에서 조회하십시오.

check-cpu-limit-missing = CPU 상한 없음
    .message = 컨테이너 { $container }에 CPU 상한(limit)이 없습니다.
    .why = 다른 컨테이너가 요청하지 않은 노드의 CPU 시간을 모두 사용할 수 있습니다. 사용량에 따라 과금하거나 지연 시간이 일정해야 하는 환경에서는 문제가 됩니다.
    .fix = `resources.limits.cpu`를 설정하거나, 노드의 모든 컨테이너가 필요한 만큼 CPU를 요청하도록 하십시오.

check-cpu-request-missing = CPU 요청량 없음
    .message = 컨테이너 { $container }에 CPU 요청량(request)이 없습니다.
    .why = 스케줄러는 요청량을 기준으로 파드를 배치하고, 부하가 높을 때는 요청량에 비례하여 CPU 시간을 나눕니다. 요청량이 없으면 남는 시간만 할당받습니다.
    .fix = `resources.requests.cpu`를 프로그램의 평상시 사용량에 맞게 설정하십시오.

check-cron-job-without-deadline = 시작 기한 없는 CronJob
    .message = CronJob에 `startingDeadlineSeconds`가 설정되지 않았습니다.
    .why = 실행을 100번 넘게 놓치면 컨트롤러가 CronJob 실행을 포기하며, 아무도 알림을 받지 못합니다.
    .fix = 실행을 얼마나 늦게까지 시작해도 되는지를 `startingDeadlineSeconds`에 설정하십시오.

check-dangerous-capability-added = 위험한 커널 권한 추가
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 커널 권한 { $capability }{ JOSA($capability, "을/를") } 추가합니다.
    .why = 이 권한은 파드 보안 표준(Pod Security Standards) 기준선(baseline)이 허용하는 범위를 벗어납니다. 컨테이너 탈출이나 네트워크 장악으로 이어질 수 있습니다.
    .fix = `securityContext.capabilities.add`에서 { $capability }{ JOSA($capability, "을/를") } 제거하거나, 이 권한이 필요한 작업을 별도의 작은 구성 요소로 분리하십시오.

check-debug-container-left = 남아 있는 디버그 컨테이너
    .message = 파드에 임시 컨테이너 { $container }{ JOSA($container, "이/가") } 있습니다.
    .why = 디버그 컨테이너는 이미지에서 일부러 제외한 도구를 들여오며, 파드가 교체될 때까지 남아 있습니다.
    .fix = 디버깅이 끝나면 파드를 다시 시작하십시오.

check-default-namespace = default 네임스페이스 사용
    .message = 오브젝트가 `default` 네임스페이스에 배치됩니다.
    .why = 네임스페이스를 정하지 않은 것이 모두 이곳에 모입니다. 애플리케이션 하나를 위한 권한, 할당량, 네트워크 정책이 전체에 적용됩니다.
    .fix = 애플리케이션마다 전용 네임스페이스를 사용하십시오.

check-default-service-account = 기본 서비스 어카운트 사용
    .message = 파드가 네임스페이스의 `default` 서비스 어카운트로 실행됩니다.
    .why = 파드 하나를 위해 `default`에 부여한 권한을 서비스 어카운트를 지정하지 않은 모든 파드가 갖게 됩니다.
    .fix = 워크로드 전용 서비스 어카운트를 만들어 `serviceAccountName`에 지정하거나 `automountServiceAccountToken: false`를 설정하십시오.

check-default-service-account-token = 토큰을 제공하는 기본 서비스 어카운트
    .message = `default` 서비스 어카운트가 서비스 어카운트를 지정하지 않은 모든 파드에 토큰을 제공합니다.
    .why = 쿠버네티스 API를 호출하지 않는 파드도 API 자격 증명을 갖게 됩니다.
    .fix = 모든 네임스페이스의 `default` 서비스 어카운트에 `automountServiceAccountToken: false`를 설정하십시오.

check-deprecated-service-account-field = 사용이 중단된 serviceAccount 필드
    .message = 서비스 어카운트가 사용이 중단된 `serviceAccount` 필드에 지정되어 있습니다.
    .why = 도구와 정책은 `serviceAccountName`을 확인하므로 전용 서비스 어카운트가 없는 파드로 판단합니다.
    .fix = `serviceAccountName`에 서비스 어카운트를 지정하십시오.

check-duplicate-environment-variable = 중복된 환경 변수
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } { $variable }{ JOSA($variable, "을/를") } 두 번 설정합니다.
    .why = 마지막 값이 적용되지만 사람은 첫 번째 값을 읽게 됩니다. 서버 측 적용(server-side apply)은 오브젝트를 거부하거나 둘 중 하나를 버립니다.
    .fix = 값을 하나만 남기십시오.

check-ephemeral-storage-unbounded = 임시 스토리지 무제한
    .message = 컨테이너 { $container }의 `resources.{ $list }`에 임시 스토리지(ephemeral-storage)가 없습니다.
    .why = 로그, `emptyDir` 볼륨, 쓰기 가능한 레이어가 노드의 디스크를 채웁니다. 디스크가 가득 차면 kubelet이 다른 파드까지 축출합니다.
    .fix = `resources.{ $list }.ephemeral-storage`를 설정하십시오.

check-forbidden-annotation = 금지된 어노테이션
    .message = { $annotation } 어노테이션은 이곳에서 허용되지 않습니다.
    .why = 어노테이션은 컨트롤러의 기능을 켭니다. 이 어노테이션은 설정에서 금지되어 있습니다.
    .fix = { $annotation } 어노테이션을 제거하십시오.

check-fs-group-missing = 볼륨 그룹 미설정
    .message = 파드에 `{ $field }`{ JOSA($field, "이/가") } 올바르게 설정되지 않았습니다.
    .why = 볼륨의 파일이 그 파일을 만든 사용자의 소유로 남습니다. 그래서 접근하려고 root로 실행하거나 모두에게 권한을 열어 두게 됩니다.
    .fix = `securityContext.fsGroup`과 `fsGroupChangePolicy: OnRootMismatch`를 설정하십시오.

check-git-sync-command-replaced = 다른 프로그램을 실행하는 git-sync
    .message = 컨테이너 { $container }의 git-sync가 git이 아닌 다른 프로그램을 실행합니다.
    .why = git-sync는 자신의 권한과 마운트로 이 프로그램을 실행합니다. 그 위치에 파일을 둘 수 있는 사람은 파드에서 코드를 실행할 수 있습니다.
    .fix = 이 설정을 제거하여 git-sync가 자체 git을 사용하게 하십시오.

check-helm-tiller = Helm Tiller
    .message = 이 오브젝트는 Helm 2의 서버인 Tiller에 속합니다.
    .why = Tiller는 클러스터의 누구에게나 인증 없이 응답하며 대개 모든 권한을 가지고 있습니다. 2020년 이후로 보안 패치도 제공되지 않습니다.
    .fix = Tiller를 제거하고 서버가 없는 Helm 3로 전환하십시오.

check-helm-tiller-open = 클러스터에 열린 Helm Tiller
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 클러스터의 모든 파드에 응답하는 Tiller를 실행합니다.
    .why = Tiller는 호출자를 확인하지 않습니다. 어느 파드든 대개 관리자 수준인 Tiller의 권한으로 무엇이든 설치할 수 있습니다.
    .fix = Tiller를 제거하고 Helm 3로 전환하십시오. 그때까지는 루프백 주소에서만 응답하게 하십시오.

check-host-aliases-set = 파드에 고정된 호스트 이름
    .message = 파드가 DNS를 거치지 않고 호스트 이름을 { $ip }에 연결합니다(`hostAliases`).
    .why = DNS를 우회하는 이름은 자격 증명을 포함한 트래픽을 매니페스트에 적힌 주소로 보냅니다. DNS 로그에 남지 않으며, 주소의 주인이 바뀌어도 그대로 유지됩니다.
    .fix = `hostAliases`를 제거하고 DNS나 ExternalName 유형의 서비스로 이름을 해석하십시오.

check-host-ipc-namespace = 호스트 IPC 네임스페이스 공유
    .message = 파드가 노드와 프로세스 간 공유 메모리와 메시지 큐를 공유합니다(`hostIPC: true`).
    .why = 호스트 프로세스는 물론 같은 설정을 사용하는 다른 파드의 공유 메모리까지 이 파드에서 읽고 변경할 수 있습니다.
    .fix = `hostIPC: true`를 제거하십시오. 같은 파드의 컨테이너끼리는 이 설정 없이도 IPC 네임스페이스를 공유합니다.

check-host-network-namespace = 호스트 네트워크 사용
    .message = 파드가 노드의 네트워크를 그대로 사용합니다(`hostNetwork: true`).
    .why = 파드가 노드의 주소로 포트를 열고, kubelet처럼 루프백에만 열린 서비스에 접근하며, 트래픽을 엿볼 수 있습니다. 또한 네트워크 정책(NetworkPolicy)의 적용을 받지 않습니다.
    .fix = `hostNetwork: true`를 제거하고 서비스(Service)를 통해 포트를 노출하십시오.

check-host-path-volume = 노드 파일 시스템 볼륨
    .message = 볼륨 { $volume }{ JOSA($volume, "이/가") } 노드의 { $path } 경로를 마운트합니다.
    .why = 노드의 파일을 읽는 파드는 다른 워크로드의 데이터까지 읽을 수 있고, 쓰기까지 가능하면 노드에서 실행되는 것을 바꿀 수 있습니다.
    .fix = `hostPath` 대신 PersistentVolumeClaim, `emptyDir`, ConfigMap 또는 Secret을 사용하십시오.

check-host-pid-namespace = 호스트 프로세스 네임스페이스 공유
    .message = 파드가 노드의 모든 프로세스를 볼 수 있고 시그널을 보낼 수 있습니다(`hostPID: true`).
    .why = 파드 안의 프로세스가 노드에서 실행되는 모든 프로세스의 명령줄을 읽을 수 있으며, root라면 다른 테넌트의 시크릿을 포함한 메모리와 환경 변수까지 읽을 수 있습니다.
    .fix = `hostPID: true`를 제거하십시오. 노드 에이전트처럼 꼭 필요한 경우에는 접근이 제한된 별도 네임스페이스에서 실행하십시오.

check-host-port = 노드 포트에 직접 바인딩
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 노드의 { $port }번 포트를 점유합니다.
    .why = 이 포트는 노드의 모든 주소에서 열리며, 서비스를 거치지 않고 네트워크 정책도 우회하는 경우가 많습니다. 또한 노드마다 이런 파드를 하나만 배치할 수 있습니다.
    .fix = `hostPort`를 제거하고 서비스(Service)를 통해 컨테이너 포트를 노출하십시오.

check-invalid-label = 잘못된 레이블
    .message = 쿠버네티스가 레이블 { $label } 또는 그 값을 거부합니다.
    .why = 오브젝트를 적용할 수 없으며, 교체하려던 기존 오브젝트가 그대로 남습니다.
    .fix = 영문자, 숫자, `-`, `_`, `.`만 63자 이내로 사용하고 양 끝은 영문자나 숫자로 하십시오.

check-job-not-cleaned-up = 완료 후 정리되지 않는 Job
    .message = { $kind ->
        [CronJob] CronJob의 기록 제한 외에 Job에도 유지 시간(TTL)이 설정되어 있습니다.
       *[Job] Job이 완료된 뒤에도 남아 있습니다.
        }
    .why = 완료된 Job과 파드가 API 서버에 쌓이고, 파드를 읽을 수 있는 사람은 환경 변수와 로그도 볼 수 있습니다. 삭제 규칙이 두 가지면 무엇이 적용되는지 알기 어렵습니다.
    .fix = { $kind ->
        [CronJob] `ttlSecondsAfterFinished`를 제거하고 `successfulJobsHistoryLimit`과 `failedJobsHistoryLimit`을 설정하십시오.
       *[Job] `ttlSecondsAfterFinished`를 설정하십시오.
        }

check-kernel-hardening-missing = 커널 보호 설정 없음
    .message = 컨테이너 { $container }에 seccomp, AppArmor, SELinux 설정이 없고 커널 권한도 제거되지 않았습니다.
    .why = 프로그램과 노드의 커널 사이에 컨테이너 네임스페이스 외에는 아무런 보호가 없습니다.
    .fix = 파드에 `securityContext.seccompProfile.type: RuntimeDefault`를 설정하고 모든 커널 권한을 제거하십시오.

check-kubernetes-dashboard = 쿠버네티스 대시보드
    .message = 쿠버네티스 대시보드가 실행되거나 그 서비스 어카운트나 역할이 사용됩니다.
    .why = 대시보드는 자신의 서비스 어카운트나 토큰을 입력한 사람의 권한으로 동작합니다. 외부에 열려 있거나 권한이 과도해서 클러스터 전체를 빼앗긴 사례가 있으며, 프로젝트는 2025년에 보관 처리되었습니다.
    .fix = 대시보드와 그 서비스 어카운트, 바인딩을 제거하십시오.

check-low-group-id = 낮은 그룹 ID
    .message = 컨테이너 { $container }의 그룹 ID가 { $least }보다 작거나 매니페스트에 지정되지 않았습니다.
    .why = 낮은 ID는 노드의 그룹도 사용합니다. 컨테이너를 탈출한 프로세스는 노드에서 해당 그룹의 권한을 얻게 됩니다.
    .fix = `securityContext.runAsGroup`을 { $least } 이상으로 설정하십시오.

check-low-user-id = 낮은 사용자 ID
    .message = 컨테이너 { $container }의 사용자 ID가 { $least }보다 작거나 매니페스트에 지정되지 않았습니다.
    .why = 낮은 ID는 노드의 사용자도 사용합니다. 컨테이너를 탈출한 프로세스는 노드에서 같은 ID를 가진 사용자의 권한을 얻게 됩니다.
    .fix = `securityContext.runAsUser`를 { $least } 이상으로 설정하십시오.

check-memory-limit-missing = 메모리 상한 없음
    .message = 컨테이너 { $container }에 메모리 상한(limit)이 없습니다.
    .why = 메모리 누수나 공격이 발생한 컨테이너 하나가 노드의 메모리를 모두 차지하면 커널이 다른 워크로드를 종료시킬 수 있습니다.
    .fix = `resources.limits.memory`를 프로그램의 최대 사용량에 맞게 설정하십시오.

check-memory-request-missing = 메모리 요청량 없음
    .message = 컨테이너 { $container }에 메모리 요청량(request)이 없습니다.
    .why = 스케줄러는 요청량을 기준으로 파드를 배치합니다. 요청량이 없으면 노드에 과도하게 배치될 수 있고, 자원이 부족할 때 가장 먼저 축출됩니다.
    .fix = `resources.requests.memory`를 프로그램의 평상시 사용량에 맞게 설정하십시오.

check-naked-pod = 컨트롤러 없는 파드
    .message = 파드를 관리하는 컨트롤러가 없습니다.
    .why = 노드에 장애가 나거나 노드를 비우면(drain) 파드가 사라지고 다시 생성되지 않습니다. 단계적으로 배포할 수도 없습니다.
    .fix = Deployment, StatefulSet 또는 Job을 사용하십시오.

check-namespace-not-set = 네임스페이스 미지정
    .message = 오브젝트에 네임스페이스가 지정되지 않았습니다.
    .why = 적용하는 사람의 네임스페이스에 배치되며, 따로 바꾸지 않으면 `default`에 배치됩니다.
    .fix = `metadata.namespace`에 네임스페이스를 지정하거나 kustomization 또는 차트로 모든 오브젝트에 설정하십시오.

check-net-raw-not-dropped = 로우 소켓 허용
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } NET_RAW 권한을 그대로 가지고 있습니다.
    .why = 로우 소켓을 쓸 수 있는 컨테이너는 패킷을 위조하고 같은 노드에 있는 다른 파드의 ARP, DNS 요청에 거짓으로 응답할 수 있습니다.
    .fix = `securityContext.capabilities.drop`에 `NET_RAW`를 추가하십시오. `ALL`을 추가하면 더 좋습니다.

check-privilege-escalation-allowed = 권한 상승 허용
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 시작할 때보다 더 높은 권한을 얻을 수 있습니다.
    .why = 이미지에 setuid 프로그램이나 파일 capability가 있으면 권한 없는 프로세스가 컨테이너 안에서 root가 될 수 있습니다.
    .fix = `securityContext.allowPrivilegeEscalation: false`를 설정하십시오.

check-privileged-container = 특권 컨테이너
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 특권 모드로 실행됩니다.
    .why = 특권 컨테이너는 모든 커널 권한(capability)을 가지며 호스트의 모든 장치에 접근할 수 있습니다. 이 프로세스를 장악한 공격자는 노드 전체를 장악하게 됩니다.
    .fix = `privileged: true`를 제거하십시오. 특정 커널 권한이 꼭 필요하다면 `securityContext.capabilities.add`에 그 권한만 추가하십시오.

check-privileged-port = 권한이 필요한 포트
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 1024보다 작은 { $port }번 포트에서 연결을 기다립니다.
    .why = 오래된 컨테이너 런타임에서는 이런 포트에 NET_BIND_SERVICE 권한이나 root가 필요합니다.
    .fix = 프로그램이 1024번 이상의 포트를 사용하게 하고 서비스로 연결하십시오.

check-proc-mount-unmasked = 마스킹되지 않은 /proc
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } /proc 전체에 접근할 수 있습니다(`procMount`가 `Default`가 아닙니다).
    .why = 컨테이너 런타임은 노드 설정을 바꿀 수 있는 /proc의 일부를 가립니다. 이 보호가 없으면 컨테이너의 root가 커널 설정을 변경할 수 있습니다.
    .fix = `procMount`를 제거하십시오. 컨테이너 안에서 컨테이너를 실행해야 한다면 사용자 네임스페이스(`hostUsers: false`)를 사용하십시오.

check-recommended-labels-missing = 권장 레이블 없음
    .message = 워크로드에 { $label } 레이블이 없거나 값이 이름과 맞지 않습니다.
    .why = 도구는 이 레이블로 오브젝트를 애플리케이션 단위로 묶습니다. 레이블이 없으면 어떤 오브젝트가 한 애플리케이션에 속하는지 알 수 없습니다.
    .fix = 오브젝트와 파드 템플릿에 { $label } 레이블을 설정하십시오.

check-requests-below-limits = 상한보다 작은 요청량
    .message = 컨테이너 { $container }의 { $resource } 요청량이 상한과 같지 않습니다.
    .why = 요청량과 상한이 같은 파드만 사용량을 보장받습니다. 그렇지 않은 파드는 노드의 자원이 부족할 때 먼저 축출됩니다.
    .fix = 축출되면 안 되는 워크로드라면 { $resource }의 요청량과 상한을 같은 값으로 설정하십시오.

check-required-annotation-missing = 필수 어노테이션 없음
    .message = 필수 어노테이션 { $annotation }{ JOSA($annotation, "이/가") } 없습니다.
    .why = 이 어노테이션을 읽는 백업, 알림, 비용 보고 등에서 이 오브젝트가 누락됩니다.
    .fix = { $annotation } 어노테이션을 설정하십시오.

check-required-label-missing = 필수 레이블 없음
    .message = 워크로드에 필수 레이블 { $label }{ JOSA($label, "이/가") } 없습니다.
    .why = 워크로드가 공격받거나 장애가 발생했을 때 누구에게 연락해야 하는지 알 수 없고, 보고서를 묶어서 볼 수도 없습니다.
    .fix = { $label } 레이블을 설정하십시오.

check-resources-out-of-bounds = 허용 범위를 벗어난 자원 설정
    .message = 컨테이너 { $container }의 `{ $list }`에 설정된 { $resource } 값이 허용된 { $side ->
        [low] 최솟값보다 작습니다.
       *[high] 최댓값보다 큽니다.
        }
    .why = 이 범위는 워크로드 하나가 노드를 독차지하거나 실행에 필요한 자원보다 적게 받고 시작하는 것을 막습니다.
    .fix = 범위 안의 값을 선택하거나 설정에서 범위를 변경하십시오.

check-root-group = root 그룹 사용
    .message = 매니페스트가 프로세스를 root 그룹에 넣습니다(`{ $field }: 0`).
    .why = 이미지와 마운트된 볼륨에는 root 그룹이 읽거나 쓸 수 있는 파일이 많습니다. root 사용자가 아닌 프로세스도 이 경로로 접근할 수 있습니다.
    .fix = `{ $field }`에 프로그램 전용 그룹 ID를 설정하십시오.

check-scheduled-workload = 예약 실행 워크로드
    .message = CronJob이 `{ $schedule }` 일정으로 실행됩니다.
    .why = 스스로 다시 실행되는 작업은 정리 후에도 살아남습니다. 공격자는 이를 이용해 계속 머무릅니다.
    .fix = 이 CronJob의 용도를 아는 담당자가 있는지 확인하십시오.

check-seccomp-profile-missing = seccomp 프로파일 없음
    .message = 컨테이너 { $container }에 seccomp 프로파일이 지정되지 않았습니다.
    .why = 프로파일이 없으면 커널이 모든 시스템 콜을 받아들입니다. 기본 프로파일은 대부분의 커널 취약점 공격에 쓰이는 시스템 콜을 차단합니다.
    .fix = 파드에 `securityContext.seccompProfile.type: RuntimeDefault`를 설정하십시오.

check-seccomp-unconfined = seccomp 비활성화
    .message = { $subject ->
        [container] 컨테이너 { $container }{ JOSA($container, "이/가") } seccomp 없이 실행됩니다(`Unconfined`).
       *[pod] 파드에 추가되는 컨테이너가 seccomp 없이 실행됩니다(`Unconfined`).
    }
    .why = 대부분의 커널 취약점 공격에 쓰이는 것을 포함하여 커널의 모든 시스템 콜이 컨테이너에 열려 있습니다.
    .fix = `seccompProfile.type: RuntimeDefault`를 사용하거나, 프로그램에 필요한 시스템 콜만 허용하는 `Localhost` 프로파일을 사용하십시오.

check-security-context-missing = 보안 컨텍스트 없음
    .message = 컨테이너 { $container }에 보안 컨텍스트(securityContext)가 없습니다.
    .why = 모든 보안 설정이 기본값으로 적용되며, 기본값은 호환성을 위해 대부분 느슨하게 정해져 있습니다.
    .fix = 파드와 컨테이너에 `securityContext`를 추가하십시오.

check-selinux-options-missing = SELinux 옵션 없음
    .message = 컨테이너 { $container }에 SELinux 옵션이 지정되지 않았습니다.
    .why = SELinux를 사용하는 노드에서 컨테이너가 임의의 레이블을 받으므로 별도의 정책과 연결할 수 없습니다.
    .fix = 파드에 `securityContext.seLinuxOptions.level`을 설정하십시오.

check-sensitive-host-path-mounted = 노드의 민감한 디렉터리 마운트
    .message = 볼륨 { $volume }{ JOSA($volume, "이/가") } 노드의 설정, 자격 증명 또는 프로세스 정보가 담긴 { $path }{ JOSA($path, "을/를") } 마운트합니다.
    .why = 이 파일에 접근하는 파드는 다른 파드의 시크릿과 노드의 자격 증명을 읽거나 노드에서 실행되는 것을 바꿀 수 있습니다.
    .fix = 필요한 파일 하나만 읽기 전용으로 마운트하거나 ConfigMap, Secret, projected 볼륨을 사용하십시오.

check-service-account-token-mounted = API 토큰 자동 마운트
    .message = 파드에 쿠버네티스 API 토큰이 자동으로 마운트됩니다.
    .why = 파드의 모든 프로세스가 서비스 어카운트의 권한으로 API를 호출할 수 있습니다. 대부분의 프로그램은 이 토큰을 쓰지 않지만 공격자는 사용합니다.
    .fix = 프로그램이 쿠버네티스 API를 호출하지 않는다면 `automountServiceAccountToken: false`를 설정하십시오.

check-shared-process-namespace = 프로세스 네임스페이스 공유
    .message = 파드의 컨테이너들이 서로의 프로세스를 볼 수 있습니다(`shareProcessNamespace: true`).
    .why = 컨테이너가 /proc을 통해 다른 컨테이너의 명령줄, 환경 변수, 파일을 읽을 수 있습니다. 사이드카를 장악하면 본 프로그램의 시크릿까지 얻게 됩니다.
    .fix = `shareProcessNamespace`를 제거하고, 컨테이너 사이에는 공유 볼륨의 파일 등을 사용하십시오.

check-ssh-port-exposed = SSH 포트 개방
    .message = { $container }{ JOSA($container, "이/가") } SSH 서버 포트인 { $port }번을 엽니다.
    .why = 컨테이너의 로그인 서버는 자체 비밀번호와 키를 가진 또 하나의 출입구이며, 클러스터의 인증과 권한, 감사 로그를 거치지 않습니다.
    .fix = SSH 서버를 제거하십시오. 권한 확인과 기록이 이루어지는 `kubectl exec`이나 `kubectl debug`를 사용하십시오.

check-sudo-in-command = 명령에 sudo 사용
    .message = 컨테이너 { $container }의 명령이 sudo를 호출합니다.
    .why = sudo는 권한 상승이 허용된 컨테이너에서만 동작합니다. 공격자가 root가 되는 데 필요한 setuid 프로그램과 `allowPrivilegeEscalation`을 계속 유지하게 만듭니다.
    .fix = 필요한 사용자(`runAsUser`)로 프로그램을 실행하고, root 대신 필요한 커널 권한만 부여하십시오.

check-supplemental-groups-missing = 보조 그룹 미지정
    .message = 파드의 프로세스가 속할 보조 그룹이 지정되지 않았습니다.
    .why = 이미지의 그룹 파일이 매니페스트에 보이지 않는 그룹을 추가하여 공유 볼륨의 파일 권한을 줄 수 있습니다.
    .fix = `securityContext.supplementalGroups` 또는 `supplementalGroupsPolicy: Strict`를 설정하십시오.

check-unsafe-selinux-options = SELinux 제한 변경
    .message = SELinux의 { $field } 값이 { $value }{ JOSA($value, "으로/로") } 설정되어 있습니다.
    .why = 컨테이너용이 아닌 user, role, type을 사용하면 SELinux가 막아 주던 접근이 느슨해지거나 제한이 아예 사라질 수 있습니다.
    .fix = `seLinuxOptions.{ $field }`{ JOSA($field, "을/를") } 제거하거나 `container_t`와 같은 컨테이너용 type을 사용하십시오.

check-unsafe-sysctl = 안전하지 않은 sysctl
    .message = 파드가 안전하지 않은 커널 매개변수 { $sysctl }{ JOSA($sysctl, "을/를") } 설정합니다.
    .why = 이런 설정은 같은 노드의 다른 파드에 영향을 주거나 커널 전체의 보안을 약화시킬 수 있습니다. 노드가 허용하지 않으면 kubelet이 파드를 거부합니다.
    .fix = `securityContext.sysctls`에서 { $sysctl }{ JOSA($sysctl, "을/를") } 제거하거나, 전용 노드에 설정하십시오.

check-unsuitable-restart-policy = 맞지 않는 재시작 정책
    .message = { $kind }에는 재시작 정책 { $policy }{ JOSA($policy, "을/를") } 사용할 수 없습니다.
    .why = API 서버가 오브젝트를 거부하므로 교체하려던 기존 오브젝트가 그대로 남습니다.
    .fix = 계속 실행되는 워크로드에는 `Always`, Job과 CronJob에는 `Never`나 `OnFailure`를 사용하십시오.

check-user-namespace-not-used = 사용자 네임스페이스 미사용
    .message = 파드가 별도의 사용자 네임스페이스 없이 실행됩니다.
    .why = 파드의 사용자 ID가 노드의 사용자 ID와 같습니다. 사용자 네임스페이스를 사용하면 컨테이너의 root도 컨테이너 밖에서는 아무 권한이 없습니다.
    .fix = 노드의 커널과 컨테이너 런타임이 지원한다면 `hostUsers: false`를 설정하십시오.

check-volume-type-not-allowed = 허용되지 않는 볼륨 유형
    .message = 볼륨 { $volume }의 유형 { $type }{ JOSA($type, "은/는") } 제한(restricted) 파드 보안 표준에서 허용되지 않습니다.
    .why = 이런 볼륨은 노드가 자신의 권한으로 마운트하므로 스토리지 클래스의 할당량과 접근 규칙이 적용되지 않습니다.
    .fix = PersistentVolumeClaim, CSI 볼륨 또는 쿠버네티스가 직접 만드는 유형의 볼륨을 사용하십시오.

check-windows-credential-spec-missing = Windows 관리 계정 없음
    .message = 컨테이너 { $container }에 그룹 관리 서비스 계정(gMSA)이 없습니다.
    .why = 이 계정 없이 도메인에 로그인하는 프로그램은 설정에 비밀번호를 넣어야 합니다.
    .fix = 프로그램이 Windows 도메인에 로그인한다면 `windowsOptions.gmsaCredentialSpecName`을 설정하십시오.

check-windows-host-process = Windows HostProcess 컨테이너
    .message = { $subject ->
        [container] 컨테이너 { $container }{ JOSA($container, "이/가") } Windows 노드의 호스트 프로세스로 실행됩니다.
       *[pod] 파드의 컨테이너가 Windows 노드의 호스트 프로세스로 실행됩니다.
    }
    .why = HostProcess 컨테이너는 노드의 파일 시스템, 네트워크, 계정을 그대로 사용합니다. Windows의 특권 모드에 해당합니다.
    .fix = `windowsOptions.hostProcess: true`를 제거하고 `runAsUserName: ContainerUser`를 설정하십시오.

check-windows-user-missing = 지정되지 않은 Windows 사용자
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } Windows 관리자로 실행되는 것을 막는 설정이 없습니다.
    .why = 컨테이너의 관리자는 컨테이너 안의 모든 프로그램을 바꿀 수 있고 노드로 탈출하기도 가장 쉽습니다.
    .fix = `windowsOptions.runAsUserName: ContainerUser`를 설정하십시오.

check-workload-in-system-namespace = 시스템 네임스페이스의 워크로드
    .message = 워크로드가 쿠버네티스 자체의 네임스페이스 { $namespace }에서 실행됩니다.
    .why = 이곳을 변경할 수 있는 사람은 클러스터의 핵심 구성 요소도 변경할 수 있으며, 정책은 대개 이 네임스페이스를 예외로 둡니다.
    .fix = 워크로드 전용 네임스페이스를 사용하십시오.

check-writable-host-path-mount = 쓰기 가능한 노드 경로
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 노드의 { $path }에 쓸 수 있습니다.
    .why = 컨테이너가 그곳에 쓴 내용은 노드의 다른 프로그램이 읽습니다. 설정, 스크립트, 로그 로테이션을 바꾸면 컨테이너 밖에서 코드가 실행될 수 있습니다.
    .fix = 마운트에 `readOnly: true`를 설정하거나 노드 경로가 아닌 볼륨을 사용하십시오.

check-writable-root-filesystem = 쓰기 가능한 루트 파일 시스템
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 루트 파일 시스템에 쓸 수 있습니다.
    .why = 컨테이너에서 코드를 실행할 수 있는 공격자가 도구를 설치하거나 프로그램과 설정을 변경할 수 있습니다.
    .fix = `securityContext.readOnlyRootFilesystem: true`를 설정하고, 쓰기가 필요한 경로에는 `emptyDir` 볼륨을 마운트하십시오.
