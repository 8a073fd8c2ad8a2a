# "workload" 영역 점검 항목의 문구.

check-capabilities-not-dropped = 기본 커널 권한을 제거하지 않음
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 필요하지 않을 수 있는 커널 권한(capability)을 그대로 가지고 있습니다.
    .why = 컨테이너 런타임은 로우 소켓, 파일 소유자 변경 등 14가지 권한을 기본으로 부여합니다. 프로그램이 쓰지 않는 권한은 공격자가 쓰게 됩니다.
    .fix = `securityContext.capabilities.drop: ["ALL"]`을 설정하고 꼭 필요한 권한만 다시 추가하십시오.

check-container-runs-as-root = root로 실행될 수 있는 컨테이너
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } root로 실행되는 것을 막는 설정이 없습니다.
    .why = 컨테이너의 root는 컨테이너를 탈출하는 순간 노드의 root가 되며, 탈출하기 전에도 컨테이너 안의 모든 프로그램을 바꿔치기할 수 있습니다.
    .fix = 파드나 컨테이너에 `securityContext.runAsNonRoot: true`를 설정하고, 이미지가 지원하는 사용자 ID를 `runAsUser`에 지정하십시오.

check-container-runtime-socket-mounted = 컨테이너 런타임 소켓 마운트
    .message = 볼륨 { $volume }{ JOSA($volume, "이/가") } 컨테이너 런타임 소켓 { $path }{ JOSA($path, "을/를") } 마운트합니다.
    .why = 컨테이너 런타임과 통신할 수 있으면 노드 전체를 마운트한 특권 컨테이너를 실행할 수 있습니다. 이 소켓은 곧 노드의 root 권한입니다.
    .fix = 이 볼륨을 제거하십시오. 이미지는 데몬이 필요 없는 도구로 빌드하고, 컨테이너 정보는 kubelet API에서 조회하십시오.

check-cpu-request-missing = CPU 요청량 없음
    .message = 컨테이너 { $container }에 CPU 요청량(request)이 없습니다.
    .why = 스케줄러는 요청량을 기준으로 파드를 배치하고, 부하가 높을 때는 요청량에 비례하여 CPU 시간을 나눕니다. 요청량이 없으면 남는 시간만 할당받습니다.
    .fix = `resources.requests.cpu`를 프로그램의 평상시 사용량에 맞게 설정하십시오.

check-dangerous-capability-added = 위험한 커널 권한 추가
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 커널 권한 { $capability }{ JOSA($capability, "을/를") } 추가합니다.
    .why = 이 권한은 파드 보안 표준(Pod Security Standards) 기준선(baseline)이 허용하는 범위를 벗어납니다. 컨테이너 탈출이나 네트워크 장악으로 이어질 수 있습니다.
    .fix = `securityContext.capabilities.add`에서 { $capability }{ JOSA($capability, "을/를") } 제거하거나, 이 권한이 필요한 작업을 별도의 작은 구성 요소로 분리하십시오.

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

check-memory-limit-missing = 메모리 상한 없음
    .message = 컨테이너 { $container }에 메모리 상한(limit)이 없습니다.
    .why = 메모리 누수나 공격이 발생한 컨테이너 하나가 노드의 메모리를 모두 차지하면 커널이 다른 워크로드를 종료시킬 수 있습니다.
    .fix = `resources.limits.memory`를 프로그램의 최대 사용량에 맞게 설정하십시오.

check-memory-request-missing = 메모리 요청량 없음
    .message = 컨테이너 { $container }에 메모리 요청량(request)이 없습니다.
    .why = 스케줄러는 요청량을 기준으로 파드를 배치합니다. 요청량이 없으면 노드에 과도하게 배치될 수 있고, 자원이 부족할 때 가장 먼저 축출됩니다.
    .fix = `resources.requests.memory`를 프로그램의 평상시 사용량에 맞게 설정하십시오.

check-privilege-escalation-allowed = 권한 상승 허용
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 시작할 때보다 더 높은 권한을 얻을 수 있습니다.
    .why = 이미지에 setuid 프로그램이나 파일 capability가 있으면 권한 없는 프로세스가 컨테이너 안에서 root가 될 수 있습니다.
    .fix = `securityContext.allowPrivilegeEscalation: false`를 설정하십시오.

check-privileged-container = 특권 컨테이너
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 특권 모드로 실행됩니다.
    .why = 특권 컨테이너는 모든 커널 권한(capability)을 가지며 호스트의 모든 장치에 접근할 수 있습니다. 이 프로세스를 장악한 공격자는 노드 전체를 장악하게 됩니다.
    .fix = `privileged: true`를 제거하십시오. 특정 커널 권한이 꼭 필요하다면 `securityContext.capabilities.add`에 그 권한만 추가하십시오.

check-proc-mount-unmasked = 마스킹되지 않은 /proc
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } /proc 전체에 접근할 수 있습니다(`procMount`가 `Default`가 아닙니다).
    .why = 컨테이너 런타임은 노드 설정을 바꿀 수 있는 /proc의 일부를 가립니다. 이 보호가 없으면 컨테이너의 root가 커널 설정을 변경할 수 있습니다.
    .fix = `procMount`를 제거하십시오. 컨테이너 안에서 컨테이너를 실행해야 한다면 사용자 네임스페이스(`hostUsers: false`)를 사용하십시오.

check-seccomp-profile-missing = seccomp 프로파일 없음
    .message = 컨테이너 { $container }에 seccomp 프로파일이 지정되지 않았습니다.
    .why = 프로파일이 없으면 커널이 모든 시스템 콜을 받아들입니다. 기본 프로파일은 대부분의 커널 취약점 공격에 쓰이는 시스템 콜을 차단합니다.
    .fix = 파드에 `securityContext.seccompProfile.type: RuntimeDefault`를 설정하십시오.

check-seccomp-unconfined = seccomp 비활성화
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } seccomp 없이 실행됩니다(`Unconfined`).
    .why = 대부분의 커널 취약점 공격에 쓰이는 것을 포함하여 커널의 모든 시스템 콜이 컨테이너에 열려 있습니다.
    .fix = `seccompProfile.type: RuntimeDefault`를 사용하거나, 프로그램에 필요한 시스템 콜만 허용하는 `Localhost` 프로파일을 사용하십시오.

check-sensitive-host-path-mounted = 노드의 민감한 디렉터리 마운트
    .message = 볼륨 { $volume }{ JOSA($volume, "이/가") } 노드의 설정, 자격 증명 또는 프로세스 정보가 담긴 { $path }{ JOSA($path, "을/를") } 마운트합니다.
    .why = 이 파일에 접근하는 파드는 다른 파드의 시크릿과 노드의 자격 증명을 읽거나 노드에서 실행되는 것을 바꿀 수 있습니다.
    .fix = 필요한 파일 하나만 읽기 전용으로 마운트하거나 ConfigMap, Secret, projected 볼륨을 사용하십시오.

check-service-account-token-mounted = API 토큰 자동 마운트
    .message = 파드에 쿠버네티스 API 토큰이 자동으로 마운트됩니다.
    .why = 파드의 모든 프로세스가 서비스 어카운트의 권한으로 API를 호출할 수 있습니다. 대부분의 프로그램은 이 토큰을 쓰지 않지만 공격자는 사용합니다.
    .fix = 프로그램이 쿠버네티스 API를 호출하지 않는다면 `automountServiceAccountToken: false`를 설정하십시오.

check-unsafe-sysctl = 안전하지 않은 sysctl
    .message = 파드가 안전하지 않은 커널 매개변수 { $sysctl }{ JOSA($sysctl, "을/를") } 설정합니다.
    .why = 이런 설정은 같은 노드의 다른 파드에 영향을 주거나 커널 전체의 보안을 약화시킬 수 있습니다. 노드가 허용하지 않으면 kubelet이 파드를 거부합니다.
    .fix = `securityContext.sysctls`에서 { $sysctl }{ JOSA($sysctl, "을/를") } 제거하거나, 전용 노드에 설정하십시오.

check-windows-host-process = Windows HostProcess 컨테이너
    .message = { $subject ->
        [container] 컨테이너 { $container }{ JOSA($container, "이/가") } Windows 노드의 호스트 프로세스로 실행됩니다.
       *[pod] 파드의 컨테이너가 Windows 노드의 호스트 프로세스로 실행됩니다.
    }
    .why = HostProcess 컨테이너는 노드의 파일 시스템, 네트워크, 계정을 그대로 사용합니다. Windows의 특권 모드에 해당합니다.
    .fix = `windowsOptions.hostProcess: true`를 제거하고 `runAsUserName: ContainerUser`를 설정하십시오.

check-writable-root-filesystem = 쓰기 가능한 루트 파일 시스템
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 루트 파일 시스템에 쓸 수 있습니다.
    .why = 컨테이너에서 코드를 실행할 수 있는 공격자가 도구를 설치하거나 프로그램과 설정을 변경할 수 있습니다.
    .fix = `securityContext.readOnlyRootFilesystem: true`를 설정하고, 쓰기가 필요한 경로에는 `emptyDir` 볼륨을 마운트하십시오.
